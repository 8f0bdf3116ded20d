// The OpenTelemetry scenario of ../../otlp_scenario.ts, with the SDK set up by nothing but its usual variables.

import static io.opentelemetry.api.common.AttributeKey.booleanArrayKey;
import static io.opentelemetry.api.common.AttributeKey.booleanKey;
import static io.opentelemetry.api.common.AttributeKey.doubleArrayKey;
import static io.opentelemetry.api.common.AttributeKey.doubleKey;
import static io.opentelemetry.api.common.AttributeKey.longArrayKey;
import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringArrayKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.LogRecordBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.LongUpDownCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.View;
import java.net.ConnectException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

public class Otlp {
  static final long BASE_S = 1_767_225_600L;
  static final long BIG = 9_007_199_254_740_993L;
  static final Map<String, String> spans = new LinkedHashMap<>();

  public static void main(String[] args) {
    OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
        .addMeterProviderCustomizer((provider, config) -> provider.registerView(
            InstrumentSelector.builder().setName("order.size").build(),
            View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build()))
        .build()
        .getOpenTelemetrySdk();
    Span root = sendSpans(sdk.getTracerProvider().tracerBuilder("clients").setInstrumentationVersion("1.0.0").build());
    sendMetrics(sdk.getMeterProvider().get("clients"));
    sendLogs(sdk.getLogsBridge().get("clients"), root);
    sdk.shutdown().join(20, TimeUnit.SECONDS);
    System.out.println("REPORT {\"traceId\":\"" + root.getSpanContext().getTraceId() + "\",\"spans\":{"
        + spans.entrySet().stream().map(e -> "\"" + e.getKey() + "\":\"" + e.getValue() + "\"").collect(Collectors.joining(","))
        + "},\"big\":\"" + BIG + "\",\"errorType\":\"java.net.ConnectException\"}");
  }

  static Span sendSpans(Tracer tracer) {
    Span root = start(tracer.spanBuilder("GET /orders/{id}").setNoParent().setSpanKind(SpanKind.SERVER).setAllAttributes(
        Attributes.builder()
            .put("http.request.method", "GET")
            .put("http.response.status_code", 200)
            .put("url.path", "/orders/7")
            .put("app.text", "héllo wörld 中文 🚀")
            .put("app.big", BIG)
            .put("app.double", 0.1)
            .put("app.flag", true)
            .put("app.empty", "")
            .put(stringArrayKey("app.texts"), List.of("a", "bü"))
            .put(longArrayKey("app.integers"), List.of(1L, -2L, 3L))
            .put(doubleArrayKey("app.doubles"), List.of(0.5, 1.25))
            .put(booleanArrayKey("app.flags"), List.of(true, false))
            .build()), "GET /orders/{id}", 123_456_789);
    Context inRoot = Context.root().with(root);
    Span database = start(tracer.spanBuilder("SELECT orders").setParent(inRoot).setSpanKind(SpanKind.CLIENT)
        .setAttribute("db.system.name", "postgresql")
        .setAttribute("db.query.text", "SELECT * FROM orders WHERE id = $1")
        .setAttribute("server.address", "db.local"), "SELECT orders", 200_000_000);
    database.recordException(new ConnectException("connection reset"));
    database.setStatus(StatusCode.ERROR, "connection reset");
    database.end(at(300_000_000));
    Span publish = start(tracer.spanBuilder("publish").setParent(inRoot).setSpanKind(SpanKind.PRODUCER)
        .setAttribute("messaging.system", "kafka")
        .addLink(SpanContext.createFromRemoteParent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331",
            TraceFlags.getSampled(), TraceState.getDefault()), Attributes.of(stringKey("link.kind"), "follows")),
        "publish", 400_000_000);
    publish.addEvent("queued", Attributes.of(stringKey("queue.name"), "büro", longKey("queue.length"), 3L), at(450_000_000));
    start(tracer.spanBuilder("deliver").setParent(Context.root().with(publish)).setSpanKind(SpanKind.CONSUMER),
        "deliver", 510_000_000).end(at(520_000_000));
    publish.setStatus(StatusCode.OK);
    publish.end(at(500_000_000));
    start(tracer.spanBuilder("compute").setParent(inRoot), "compute", 600_000_000).end(at(600_001_000));
    root.end(at(987_654_321));
    return root;
  }

  static Span start(SpanBuilder builder, String name, long nanoseconds) {
    Span span = builder.setStartTimestamp(at(nanoseconds)).startSpan();
    spans.put(name, span.getSpanContext().getSpanId());
    return span;
  }

  static void sendMetrics(Meter meter) {
    LongCounter placed = meter.counterBuilder("orders.placed").build();
    placed.add(3, Attributes.of(stringKey("tier"), "gold"));
    placed.add(4, Attributes.of(stringKey("tier"), "gold"));
    placed.add(1, Attributes.of(stringKey("tier"), "büro"));
    var amount = meter.counterBuilder("orders.amount").setUnit("EUR").ofDoubles().build();
    amount.add(0.1);
    amount.add(0.2);
    meter.counterBuilder("orders.bytes").build().add(BIG);
    LongUpDownCounter open = meter.upDownCounterBuilder("orders.open").build();
    open.add(5);
    open.add(-8);
    meter.gaugeBuilder("queue.fill").build().set(0.75);
    meter.gaugeBuilder("queue.length").ofLongs()
        .buildWithCallback(result -> result.record(42, Attributes.of(stringKey("queue"), "a")));
    var duration = meter.histogramBuilder("order.duration").setUnit("ms").build();
    for (double value : new double[] {1, 7, 7, 300, 12000}) duration.record(value);
    var size = meter.histogramBuilder("order.size").build();
    for (double value : new double[] {0, 1, 2, 4}) size.record(value);
  }

  static void sendLogs(Logger logger, Span root) {
    Severity[] severities = {Severity.TRACE, Severity.DEBUG, Severity.INFO, Severity.WARN, Severity.ERROR, Severity.FATAL};
    for (int i = 0; i < severities.length; i++) {
      record(logger, i, severities[i]).setSeverityText(severities[i].name())
          .setBody("level " + severities[i].name().toLowerCase()).emit();
    }
    record(logger, 6, Severity.INFO).setBody("日本語 🚀 \"quoted\"\nsecond line").setContext(Context.root().with(root))
        .setAttribute(longKey("app.big"), BIG)
        .setAttribute(doubleKey("app.double"), 0.1)
        .setAttribute(booleanKey("app.flag"), true)
        .setAttribute(stringArrayKey("app.texts"), List.of("a", "bü"))
        .emit();
    Map<String, Value<?>> body = new LinkedHashMap<>();
    body.put("a", Value.of(1));
    body.put("b", Value.of(Value.of(true), Value.of("x")));
    record(logger, 7, Severity.INFO).setBody(Value.of(body)).emit();
    record(logger, 8, Severity.INFO).setEventName("order.created").setBody("event").emit();
  }

  static LogRecordBuilder record(Logger logger, long second, Severity severity) {
    return logger.logRecordBuilder().setTimestamp(Instant.ofEpochSecond(BASE_S + second, 5000)).setSeverity(severity);
  }

  static Instant at(long nanoseconds) {
    return Instant.ofEpochSecond(BASE_S, nanoseconds);
  }
}
