//! Writes metrics into the log with the library, as its documentation says.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use metrics::{Unit, counter, describe_counter, describe_histogram, gauge, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use serde_json::{Value, json};

async fn handler(collector: &'static Collector, _: LambdaEvent<Value>) -> Result<Value, Error> {
    describe_counter!("orders", Unit::Count, "");
    describe_histogram!("latency", Unit::Milliseconds, "");
    counter!("orders", "region" => "eu").increment(2);
    histogram!("latency", "region" => "eu").record(12.5);
    histogram!("latency", "region" => "eu").record(40.0);
    gauge!("stock").set(7.0);
    collector
        .set_property("order_id", "A-17")
        .flush(std::io::stdout())?;
    Ok(json!({}))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let collector = Builder::new()
        .cloudwatch_namespace("shop")
        .with_dimension("service", "checkout")
        .init()?;
    lambda_runtime::run(service_fn(|event| handler(collector, event))).await
}
