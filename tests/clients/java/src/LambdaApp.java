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
  static final String EVENT = """
      {"version":"2.0","routeKey":"GET /orders","rawPath":"/orders","rawQueryString":"",
       "headers":{"x-datadog-trace-id":"1234567890","x-datadog-parent-id":"987654321","x-datadog-sampling-priority":"2"},
       "requestContext":{"accountId":"123456789012","apiId":"a1","stage":"$default","requestId":"r1",
        "domainName":"a1.execute-api.eu-west-1.amazonaws.com","timeEpoch":1767225600000,
        "http":{"method":"GET","path":"/orders","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"test"}}}""";

  @Override
  public void handleRequest(InputStream event, OutputStream response, Context context) throws IOException {
    event.readAllBytes();
    GlobalOpenTelemetry.getTracer("clients").spanBuilder("work")
        .setAttribute("operation.name", "work").setAttribute("resource.name", "sell").startSpan().end();
    response.write("{\"statusCode\":200,\"body\":\"ok\"}".getBytes(StandardCharsets.UTF_8));
  }

  public static void main(String[] args) throws Exception {
    new LambdaApp().handleRequest(new ByteArrayInputStream(EVENT.getBytes(StandardCharsets.UTF_8)),
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
