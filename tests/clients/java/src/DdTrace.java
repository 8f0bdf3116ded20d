// The ddtrace scenario of ../../ddtrace_scenario.ts, by the Java agent and the API it takes spans from.

import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.net.ConnectException;
import java.time.Instant;

public class DdTrace {
  static final long BASE_MS = 1_767_225_600_000L;

  public static void main(String[] args) throws Exception {
    Tracer tracer = GlobalOpenTelemetry.getTracer("clients");
    Span root = start(tracer.spanBuilder("root").setSpanKind(SpanKind.SERVER)
        .setAttribute("operation.name", "web.request")
        .setAttribute("resource.name", "GET /orders/{id}")
        .setAttribute("span.type", "web")
        .setAttribute("http.method", "GET")
        .setAttribute("http.status_code", 200)
        .setAttribute("http.url", "http://shop.example/orders/7")
        .setAttribute("app.text", "héllo wörld 中文 🚀")
        .setAttribute("app.number", 0.1)
        .setAttribute("app.integer", 42)
        .setAttribute("app.flag", true), 128);
    Context inRoot = Context.root().with(root);
    Span database = start(tracer.spanBuilder("database").setParent(inRoot).setSpanKind(SpanKind.CLIENT)
        .setAttribute("operation.name", "db.query")
        .setAttribute("resource.name", "SELECT orders")
        .setAttribute("span.type", "sql")
        .setAttribute("db.type", "postgres"), 200);
    database.recordException(new ConnectException("connection reset"));
    database.setStatus(StatusCode.ERROR, "connection reset");
    database.end(at(500));
    Span work = start(tracer.spanBuilder("work").setParent(inRoot)
        .setAttribute("operation.name", "work")
        .addLink(root.getSpanContext(), Attributes.of(AttributeKey.stringKey("link.kind"), "follows")), 600);
    work.addEvent("step", Attributes.of(
        AttributeKey.stringKey("step.name"), "büro", AttributeKey.longKey("step.count"), 3L), at(650));
    work.end(at(1000));
    root.end(at(1000));
    System.out.println("REPORT {\"traceId\":\"" + root.getSpanContext().getTraceId()
        + "\",\"errorType\":\"java.net.ConnectException\",\"spans\":{\"root\":\"" + id(root)
        + "\",\"database\":\"" + id(database) + "\",\"work\":\"" + id(work) + "\"}}");
    // Sent by a timer of one second: in Lambda, too, an invocation must last longer, or the next one sends it.
    Thread.sleep(3000);
  }

  static Span start(SpanBuilder builder, long milliseconds) {
    return builder.setStartTimestamp(at(milliseconds)).startSpan();
  }

  static String id(Span span) {
    return Long.toUnsignedString(Long.parseUnsignedLong(span.getSpanContext().getSpanId(), 16));
  }

  static Instant at(long milliseconds) {
    return Instant.ofEpochMilli(BASE_MS + milliseconds);
  }
}
