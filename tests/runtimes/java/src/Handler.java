import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.util.Map;
import net.logstash.logback.argument.StructuredArguments;
import org.apache.logging.log4j.CloseableThreadContext;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilderFactory;
import org.slf4j.LoggerFactory;

/** A function that fails, and logs, in every way that is asked for. */
public class Handler implements RequestHandler<Map<String, String>, Object> {
  private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN_ID = "00f067aa0ba902b7";

  static {
    if ("fail".equals(System.getenv("FUNCTION_INIT"))) throw new IllegalStateException("boom at init");
  }

  @Override
  public Object handleRequest(Map<String, String> event, Context context) {
    String name = event.get("case");
    switch (name) {
      case "success":
        System.out.println("priced");
        break;
      case "thrown":
        throw new IllegalStateException("boom");
      case "thrown, lines":
        throw new IllegalStateException("boom first\nboom second");
      case "thrown, no message":
        throw new IllegalStateException();
      case "thrown, cause":
        throw new IllegalStateException("boom outer", new IllegalArgumentException("boom inner"));
      case "thrown, suppressed": {
        IllegalStateException outer = new IllegalStateException("boom outer");
        outer.addSuppressed(new IllegalArgumentException("boom suppressed"));
        throw outer;
      }
      case "thrown, looks like a head":
        throw new IllegalStateException("java.lang.Error: boom\n\tat nowhere(None.java:1)\nCaused by: nothing");
      case "thrown, tabs and own fields":
        throw new IllegalStateException("boom tabs\tand {\"json\": 1}: x: y\r\nCR");
      case "logged last, as the runtime would begin":
        System.out.println("boom logged: java.lang.IllegalStateException");
        new IllegalStateException("boom logged").printStackTrace(System.out);
        break;
      case "not serialisable":
        return new Unreadable();
      case "logged, then more":
        new IllegalStateException("boom logged").printStackTrace();
        context.getLogger().log("goes on\n", LogLevel.WARN);
        break;
      case "logged last":
        new IllegalStateException("boom logged").printStackTrace();
        break;
      case "logged, thrown":
        new IllegalStateException("boom logged").printStackTrace();
        throw new IllegalStateException("boom after");
      case "crash":
        System.out.println("last words");
        Runtime.getRuntime().halt(3);
        break;
      default:
        logWith(name.substring("logger ".length()), context);
    }
    return Map.of("ok", true);
  }

  /** What is asked for its parts refuses. */
  public static class Unreadable {
    public String getAnswer() {
      throw new IllegalStateException("boom unreadable");
    }
  }

  private static void logWith(String logger, Context context) {
    String text = logger + " says no";
    switch (logger) {
      case "LambdaLogger":
        context.getLogger().log(text + "\n", LogLevel.ERROR);
        break;
      case "logback":
        LoggerFactory.getLogger("shop").error(
            text,
            StructuredArguments.kv("order", 7),
            StructuredArguments.kv("trace_id", TRACE_ID),
            StructuredArguments.kv("span_id", SPAN_ID));
        break;
      case "log4j2": {
        var builder = ConfigurationBuilderFactory.newConfigurationBuilder();
        var layout = builder.newLayout("JsonTemplateLayout")
            .addAttribute("eventTemplateUri", "classpath:EcsLayout.json");
        builder.add(builder.newAppender("out", "Console").add(layout));
        builder.add(builder.newRootLogger(Level.INFO).add(builder.newAppenderRef("out")));
        var own = Configurator.initialize(builder.build());
        try (var ids = CloseableThreadContext.putAll(
            Map.of("order", "7", "trace_id", TRACE_ID, "span_id", SPAN_ID))) {
          own.getLogger("shop").error(text);
        }
        break;
      }
      default:
        throw new IllegalArgumentException(logger);
    }
  }
}
