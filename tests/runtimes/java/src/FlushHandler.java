import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.timgroup.statsd.NonBlockingStatsDClientBuilder;
import com.timgroup.statsd.StatsDClient;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One span or count an invocation, by the SDK that FUNCTION_SDK names; flushed if FUNCTION_FLUSH says so. */
public class FlushHandler implements RequestHandler<Map<String, String>, String> {
  private static final boolean FLUSHES = "yes".equals(System.getenv("FUNCTION_FLUSH"));
  private final Runnable work = "statsd".equals(System.getenv("FUNCTION_SDK")) ? statsd() : openTelemetry();

  @Override
  public String handleRequest(Map<String, String> event, Context context) {
    work.run();
    return "ok";
  }

  private static Runnable openTelemetry() {
    SdkTracerProvider sdkTracerProvider =
        AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk().getSdkTracerProvider();
    Tracer tracer = sdkTracerProvider.get("shop");
    return () -> {
      tracer.spanBuilder("price").startSpan().end();
      if (FLUSHES) sdkTracerProvider.forceFlush().join(1, TimeUnit.SECONDS);
    };
  }

  /** It has no flush: only what closes a client waits for what it holds. */
  private static Runnable statsd() {
    StatsDClient shared = client();
    return () -> {
      if (!FLUSHES) {
        shared.count("shop.orders", 1);
        return;
      }
      try (StatsDClient client = client()) {
        client.count("shop.orders", 1);
      }
    };
  }

  private static StatsDClient client() {
    return new NonBlockingStatsDClientBuilder().hostname("localhost").port(8125).blocking(true).build();
  }
}
