// The scenario of ../platform_trace_scenario.ts: OpenTelemetry's own instrumentation of a handler, called as Lambda's runtime calls it.
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { AwsLambdaInstrumentation } = require("@opentelemetry/instrumentation-aws-lambda");

const sdk = new NodeSDK({ instrumentations: [new AwsLambdaInstrumentation()] });
sdk.start();
// The instrumentation has to have seen the handler's file before it is loaded.
const { handler } = require("./otel_handler.cjs");
const context = {
  awsRequestId: process.env.TEST_REQUEST_ID,
  invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
  functionName: "checkout",
  functionVersion: "$LATEST",
  memoryLimitInMB: "512",
  getRemainingTimeInMillis: () => 10_000,
};
handler({}, context, () => {}).then(async () => {
  await sdk.shutdown();
  console.log("REPORT {}");
});
