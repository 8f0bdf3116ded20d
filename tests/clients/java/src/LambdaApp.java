// The Lambda scenario of ../../lambda_scenario.ts: a handler that the agent instruments, called as Lambda's runtime does.

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import io.opentelemetry.api.GlobalOpenTelemetry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

public class LambdaApp implements RequestStreamHandler {
  private boolean isQueue;

  static final String API_EVENT = """
      {"version":"2.0","routeKey":"GET /orders","rawPath":"/orders","rawQueryString":"",
       "headers":{"x-datadog-trace-id":"1234567890","x-datadog-parent-id":"987654321","x-datadog-sampling-priority":"2"},
       "requestContext":{"accountId":"123456789012","apiId":"a1","stage":"$default","requestId":"r1",
        "domainName":"a1.execute-api.eu-west-1.amazonaws.com","timeEpoch":1767225600000,
        "http":{"method":"GET","path":"/orders","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"test"}}}""";

  // As Java's tracer of the sender leaves it: ids of 64 bits in the header of X-Ray.
  static final String QUEUE_EVENT = """
      {"Records":[{"messageId":"m1","receiptHandle":"h1","body":"{}","messageAttributes":{},"md5OfBody":"m",
       "attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1767225600000","SenderId":"A",
        "AWSTraceHeader":"Root=1-6955b900-0000000000000000499602d2;Parent=000000003ade68b1;Sampled=1"},
       "eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:orders","awsRegion":"eu-west-1"}]}""";

  @Override
  public void handleRequest(InputStream event, OutputStream response, Context context) throws IOException {
    event.readAllBytes();
    GlobalOpenTelemetry.getTracer("clients").spanBuilder("work")
        .setAttribute("operation.name", "work").setAttribute("resource.name", "sell").startSpan().end();
    String result = isQueue ? "\"done\"" : "{\"statusCode\":200,\"body\":\"ok\"}";
    response.write(result.getBytes(StandardCharsets.UTF_8));
  }

  public static void main(String[] args) throws Exception {
    LambdaApp app = new LambdaApp();
    app.isQueue = args[0].equals("queue");
    String event = app.isQueue ? QUEUE_EVENT : API_EVENT;
    app.handleRequest(new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8)),
        new ByteArrayOutputStream(), new TestContext());
    System.out.println("REPORT {}");
    Thread.sleep(1500);
  }

  static class TestContext implements Context {
    @Override public String getAwsRequestId() { return System.getenv("TEST_REQUEST_ID"); }
    @Override public String getLogGroupName() { return "/aws/lambda/checkout"; }
    @Override public String getLogStreamName() { return "stream"; }
    @Override public String getFunctionName() { return "checkout"; }
    @Override public String getFunctionVersion() { return "$LATEST"; }
    @Override public String getInvokedFunctionArn() { return "arn:aws:lambda:eu-west-1:123456789012:function:checkout"; }
    @Override public CognitoIdentity getIdentity() { return null; }
    @Override public ClientContext getClientContext() { return null; }
    @Override public int getRemainingTimeInMillis() { return 10_000; }
    @Override public int getMemoryLimitInMB() { return 512; }
    @Override public LambdaLogger getLogger() { return null; }
  }
}
