"use strict";
// Writes the same metrics into the log with each library, as its documentation says.

async function powertools(_event, context) {
  const { MetricResolution, Metrics, MetricUnit } = require("@aws-lambda-powertools/metrics");
  const metrics = new Metrics({ namespace: "shop", serviceName: "checkout" });
  metrics.setFunctionName(context.functionName);
  metrics.captureColdStartMetric();
  metrics.addDimension("region", "eu");
  metrics.addMetric("orders", MetricUnit.Count, 2);
  metrics.addMetric("latency", MetricUnit.Milliseconds, 12.5, MetricResolution.High);
  metrics.addMetric("latency", MetricUnit.Milliseconds, 40, MetricResolution.High);
  metrics.addMetadata("order_id", "A-17");
  metrics.publishStoredMetrics();
  const front = new Metrics({ namespace: "shop/front-end", serviceName: "checkout" });
  const visits = front.singleMetric();
  visits.addDimension("page", "cart");
  visits.addMetric("visits", MetricUnit.Count, 1);
}

async function powertoolsMany() {
  const { Metrics, MetricUnit } = require("@aws-lambda-powertools/metrics");
  const metrics = new Metrics({ namespace: "shop", serviceName: "checkout" });
  for (let number = 0; number < 150; number++) metrics.addMetric(`m${number}`, MetricUnit.Count, number);
  metrics.publishStoredMetrics();
}

async function embeddedMetrics(event, context) {
  const { metricScope, StorageResolution, Unit } = require("aws-embedded-metrics");
  await metricScope((metrics) => async () => {
    metrics.setNamespace("shop");
    metrics.setDimensions([{ service: "checkout" }, { service: "checkout", region: "eu" }]);
    metrics.putMetric("orders", 2, Unit.Count);
    metrics.putMetric("latency", 12.5, Unit.Milliseconds, StorageResolution.High);
    metrics.putMetric("latency", 40, Unit.Milliseconds, StorageResolution.High);
    metrics.setProperty("order_id", "A-17");
  })(event, context);
}

async function datadog(event, context) {
  const { datadog: wrap, sendDistributionMetric } = require("datadog-lambda-js");
  await wrap(async () => {
    sendDistributionMetric("shop.orders", 2, "service:checkout", "region:eu");
    sendDistributionMetric("shop.latency", 12.5, "service:checkout");
  })(event, context);
}

async function monitoring() {
  const now = Math.floor(Date.now() / 1000);
  console.log(`MONITORING|${now}|2|count|shop.orders|#service:checkout,region:eu`);
  console.log(`MONITORING|${now}|12.5|histogram|shop.latency|#service:checkout`);
}

const LIBRARIES = {
  powertools,
  "powertools, many": powertoolsMany,
  "aws-embedded-metrics": embeddedMetrics,
  datadog,
  "datadog, older": monitoring,
};

exports.handler = async (event, context) => {
  await LIBRARIES[event.library](event, context);
  return "ok";
};
