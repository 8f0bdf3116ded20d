//! A function that fails, and logs, in every way that is asked for.

use anyhow::{anyhow, Context};
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};
use std::fmt;

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";

#[derive(Debug)]
struct Silent;

impl fmt::Display for Silent {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Silent {}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["case"].as_str().unwrap_or_default() {
        "success" => println!("priced"),
        "thrown" => return Err("boom".into()),
        "thrown, lines" => return Err("boom first\nboom second".into()),
        "thrown, no message" => return Err(Box::new(Silent)),
        "thrown, cause" => {
            let inner: anyhow::Error = anyhow!("boom inner");
            return Err(Err::<(), _>(inner).context("boom outer").unwrap_err().into());
        }
        "logged, then more" => {
            tracing::error!("could not price: {:?}", anyhow!("boom logged"));
            tracing::warn!("goes on");
        }
        "logged last" => tracing::error!(error = "boom logged", "could not price"),
        "logged, thrown" => {
            tracing::error!("could not price: boom logged");
            return Err("boom after".into());
        }
        "thrown, tabs and own fields" => return Err("boom tabs\tand {\"json\": 1}\r\nCR".into()),
        "logged last, in the function's own format" => {
            let error: Error = "boom logged".into();
            tracing::error!(error = %error, "{error:?}");
        }
        "panic" => panic!("boom in panic"),
        "crash" => {
            println!("last words");
            std::process::exit(3);
        }
        "logger tracing" => {
            tracing::error!(order = 7, trace_id = TRACE_ID, span_id = SPAN_ID, "tracing says no")
        }
        _ => {}
    }
    Ok(json!({ "ok": true }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("FUNCTION_INIT").as_deref() == Ok("fail") {
        return Err("boom at init".into());
    }
    lambda_runtime::tracing::init_default_subscriber();
    run(service_fn(handle)).await
}
