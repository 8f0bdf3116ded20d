// What otel_lambda.cjs invokes.
const { trace } = require("@opentelemetry/api");

exports.handler = (_event, _context) =>
  trace.getTracer("clients").startActiveSpan("work", async (span) => {
    span.end();
    return { statusCode: 200, body: "ok" };
  });
