// The OpenTelemetry scenario of ../../otlp_scenario.ts. Argument: http or grpc.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	baseNs = 1_767_225_600_000_000_000
	big    = 9_007_199_254_740_993
)

var (
	ctx   = context.Background()
	spans = map[string]string{}
)

func main() {
	traceExporter, metricExporter, logExporter := exporters(os.Args[1] == "grpc")
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(traceExporter))
	metrics := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metricExporter)),
		sdkmetric.WithView(sdkmetric.NewView(
			sdkmetric.Instrument{Name: "order.size"},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
		)),
	)
	logs := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(logExporter)))

	root := sendSpans(traces.Tracer("clients", trace.WithInstrumentationVersion("1.0.0")))
	sendMetrics(metrics.Meter("clients"))
	sendLogs(logs.Logger("clients"), root)

	must(traces.Shutdown(ctx))
	must(metrics.Shutdown(ctx))
	must(logs.Shutdown(ctx))
	report, err := json.Marshal(map[string]any{
		"traceId": root.SpanContext().TraceID().String(), "spans": spans,
		"big": fmt.Sprint(big), "errorType": "*errors.errorString",
	})
	must(err)
	fmt.Println("REPORT " + string(report))
}

// As a user writes it for a Lambda function: no address, and no TLS within the sandbox.
func exporters(grpc bool) (sdktrace.SpanExporter, sdkmetric.Exporter, sdklog.Exporter) {
	if grpc {
		return exporter(otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure())),
			exporter(otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithInsecure())),
			exporter(otlploggrpc.New(ctx, otlploggrpc.WithInsecure()))
	}
	return exporter(otlptracehttp.New(ctx, otlptracehttp.WithInsecure())),
		exporter(otlpmetrichttp.New(ctx, otlpmetrichttp.WithInsecure())),
		exporter(otlploghttp.New(ctx, otlploghttp.WithInsecure()))
}

func sendSpans(tracer trace.Tracer) trace.Span {
	start := func(name string, kind trace.SpanKind, startNs int64, parent trace.Span, options ...trace.SpanStartOption) trace.Span {
		parentContext := ctx
		if parent != nil {
			parentContext = trace.ContextWithSpan(ctx, parent)
		}
		options = append(options, trace.WithSpanKind(kind), trace.WithTimestamp(at(startNs)))
		_, span := tracer.Start(parentContext, name, options...)
		spans[name] = span.SpanContext().SpanID().String()
		return span
	}
	end := func(span trace.Span, endNs int64) { span.End(trace.WithTimestamp(at(endNs))) }

	root := start("GET /orders/{id}", trace.SpanKindServer, 123_456_789, nil, trace.WithAttributes(
		attribute.String("http.request.method", "GET"),
		attribute.Int("http.response.status_code", 200),
		attribute.String("url.path", "/orders/7"),
		attribute.String("app.text", "héllo wörld 中文 🚀"),
		attribute.Int64("app.big", big),
		attribute.Float64("app.double", 0.1),
		attribute.Bool("app.flag", true),
		attribute.String("app.empty", ""),
		attribute.StringSlice("app.texts", []string{"a", "bü"}),
		attribute.IntSlice("app.integers", []int{1, -2, 3}),
		attribute.Float64Slice("app.doubles", []float64{0.5, 1.25}),
		attribute.BoolSlice("app.flags", []bool{true, false}),
	))
	database := start("SELECT orders", trace.SpanKindClient, 200_000_000, root, trace.WithAttributes(
		attribute.String("db.system.name", "postgresql"),
		attribute.String("db.query.text", "SELECT * FROM orders WHERE id = $1"),
		attribute.String("server.address", "db.local"),
	))
	database.RecordError(errors.New("connection reset"), trace.WithStackTrace(true), trace.WithTimestamp(at(250_000_000)))
	database.SetStatus(codes.Error, "connection reset")
	end(database, 300_000_000)
	traceID, err := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	must(err)
	spanID, err := trace.SpanIDFromHex("b7ad6b7169203331")
	must(err)
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, Remote: true})
	publish := start("publish", trace.SpanKindProducer, 400_000_000, root,
		trace.WithAttributes(attribute.String("messaging.system", "kafka")),
		trace.WithLinks(trace.Link{SpanContext: remote, Attributes: []attribute.KeyValue{attribute.String("link.kind", "follows")}}),
	)
	publish.AddEvent("queued", trace.WithTimestamp(at(450_000_000)), trace.WithAttributes(
		attribute.String("queue.name", "büro"), attribute.Int("queue.length", 3),
	))
	end(start("deliver", trace.SpanKindConsumer, 510_000_000, publish), 520_000_000)
	publish.SetStatus(codes.Ok, "")
	end(publish, 500_000_000)
	end(start("compute", trace.SpanKindInternal, 600_000_000, root), 600_001_000)
	end(root, 987_654_321)
	return root
}

func sendMetrics(meter metric.Meter) {
	tier := func(name string) metric.AddOption { return metric.WithAttributes(attribute.String("tier", name)) }
	placed := instrument(meter.Int64Counter("orders.placed"))
	placed.Add(ctx, 3, tier("gold"))
	placed.Add(ctx, 4, tier("gold"))
	placed.Add(ctx, 1, tier("büro"))
	amount := instrument(meter.Float64Counter("orders.amount", metric.WithUnit("EUR")))
	amount.Add(ctx, 0.1)
	amount.Add(ctx, 0.2)
	instrument(meter.Int64Counter("orders.bytes")).Add(ctx, big)
	open := instrument(meter.Int64UpDownCounter("orders.open"))
	open.Add(ctx, 5)
	open.Add(ctx, -8)
	instrument(meter.Float64Gauge("queue.fill")).Record(ctx, 0.75)
	instrument(meter.Int64ObservableGauge("queue.length", metric.WithInt64Callback(
		func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(42, metric.WithAttributes(attribute.String("queue", "a")))
			return nil
		},
	)))
	duration := instrument(meter.Float64Histogram("order.duration", metric.WithUnit("ms")))
	for _, value := range []float64{1, 7, 7, 300, 12000} {
		duration.Record(ctx, value)
	}
	size := instrument(meter.Float64Histogram("order.size"))
	for _, value := range []float64{0, 1, 2, 4} {
		size.Record(ctx, value)
	}
}

func sendLogs(logger log.Logger, root trace.Span) {
	emit := func(second int64, severity log.Severity, fill func(*log.Record)) {
		var record log.Record
		record.SetTimestamp(at(second*1_000_000_000 + 5000))
		record.SetSeverity(severity)
		fill(&record)
		logger.Emit(ctx, record)
	}
	for index, level := range []string{"trace", "debug", "info", "warn", "error", "fatal"} {
		emit(int64(index), log.Severity(1+4*index), func(record *log.Record) {
			record.SetSeverityText([]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[index])
			record.SetBody(attribute.StringValue("level " + level))
		})
	}
	var record log.Record
	record.SetTimestamp(at(6_000_005_000))
	record.SetSeverity(log.SeverityInfo)
	record.SetBody(attribute.StringValue("日本語 🚀 \"quoted\"\nsecond line"))
	record.AddAttributes(
		attribute.Int64("app.big", big), attribute.Float64("app.double", 0.1),
		attribute.Bool("app.flag", true), attribute.StringSlice("app.texts", []string{"a", "bü"}),
	)
	logger.Emit(trace.ContextWithSpan(ctx, root), record)
	emit(7, log.SeverityInfo, func(record *log.Record) {
		record.SetBody(attribute.MapValue(
			attribute.Int("a", 1),
			attribute.KeyValue{Key: "b", Value: attribute.SliceValue(attribute.BoolValue(true), attribute.StringValue("x"))},
		))
	})
	emit(8, log.SeverityInfo, func(record *log.Record) {
		record.SetEventName("order.created")
		record.SetBody(attribute.StringValue("event"))
	})
}

func at(nanoseconds int64) time.Time { return time.Unix(0, baseNs+nanoseconds) }

func exporter[T any](value T, err error) T { return instrument(value, err) }

func instrument[T any](value T, err error) T {
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
