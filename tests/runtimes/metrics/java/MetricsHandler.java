import com.amazonaws.services.lambda.runtime.Context;
import java.util.Map;
import software.amazon.cloudwatchlogs.emf.logger.MetricsLogger;
import software.amazon.cloudwatchlogs.emf.model.DimensionSet;
import software.amazon.cloudwatchlogs.emf.model.StorageResolution;
import software.amazon.cloudwatchlogs.emf.model.Unit;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsBuilder;
import software.amazon.lambda.powertools.metrics.model.MetricResolution;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/** Writes the same metrics into the log with each library, as its documentation says. */
public class MetricsHandler {
    public String handleRequest(Map<String, String> event, Context context) throws Exception {
        switch (event.get("library")) {
            case "powertools":
                powertools(context);
                break;
            case "powertools, many":
                many();
                break;
            default:
                embeddedMetrics();
        }
        return "ok";
    }

    private static Metrics shop() {
        return MetricsBuilder.builder().withNamespace("shop").withService("checkout").build();
    }

    private static void powertools(Context context) {
        Metrics metrics = shop();
        metrics.captureColdStartMetric(context);
        metrics.addDimension("region", "eu");
        metrics.addMetric("orders", 2, MetricUnit.COUNT);
        metrics.addMetric("latency", 12.5, MetricUnit.MILLISECONDS, MetricResolution.HIGH);
        metrics.addMetric("latency", 40, MetricUnit.MILLISECONDS, MetricResolution.HIGH);
        metrics.addMetadata("order_id", "A-17");
        metrics.flush();
        metrics.flushSingleMetric("visits", 1, MetricUnit.COUNT, "shop/front-end",
                software.amazon.lambda.powertools.metrics.model.DimensionSet.of("page", "cart"));
    }

    private static void many() {
        Metrics metrics = shop();
        for (int number = 0; number < 150; number++) {
            metrics.addMetric("m" + number, number, MetricUnit.COUNT);
        }
        metrics.flush();
    }

    private static void embeddedMetrics() throws Exception {
        MetricsLogger metrics = new MetricsLogger();
        metrics.setNamespace("shop");
        metrics.setDimensions(DimensionSet.of("service", "checkout"),
                DimensionSet.of("service", "checkout", "region", "eu"));
        metrics.putMetric("orders", 2, Unit.COUNT);
        metrics.putMetric("latency", 12.5, Unit.MILLISECONDS, StorageResolution.HIGH);
        metrics.putMetric("latency", 40, Unit.MILLISECONDS, StorageResolution.HIGH);
        metrics.putProperty("order_id", "A-17");
        metrics.flush();
    }
}
