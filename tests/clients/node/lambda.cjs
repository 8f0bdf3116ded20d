// The Lambda scenario of ../lambda_scenario.ts: a wrapped handler, called as Lambda's runtime calls it.
const tracer = require("dd-trace").init({ flushInterval: 0 });
const { datadog, sendDistributionMetric } = require("datadog-lambda-js");

const handler = datadog(async () => {
  sendDistributionMetric("shop.sold", 2.5, "tier:gold");
  await tracer.trace("work", { resource: "sell" }, async () => {});
  return { statusCode: 200, body: "ok" };
});
const event = {
  version: "2.0", routeKey: "GET /orders", rawPath: "/orders", rawQueryString: "",
  headers: { "x-datadog-trace-id": "1234567890", "x-datadog-parent-id": "987654321", "x-datadog-sampling-priority": "2", host: "shop.example" },
  requestContext: { apiId: "a1", stage: "$default", requestId: "r1", domainName: "a1.execute-api.eu-west-1.amazonaws.com", http: { method: "GET", path: "/orders" }, timeEpoch: 1767225600000 },
};
const context = {
  awsRequestId: process.env.TEST_REQUEST_ID,
  invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
  functionName: "checkout", functionVersion: "$LATEST", memoryLimitInMB: "512",
  getRemainingTimeInMillis: () => 10_000,
};
handler(event, context, () => {}).then(() => {
  console.log("REPORT {}");
  setTimeout(() => process.exit(0), 500);
});
