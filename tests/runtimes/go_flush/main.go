// One span or one count an invocation, by the SDK that FUNCTION_SDK names; flushed if FUNCTION_FLUSH says so.
package main

import (
	"context"
	"os"

	"github.com/DataDog/datadog-go/v5/statsd"
	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"
	"github.com/aws/aws-lambda-go/lambda"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

var flushes = os.Getenv("FUNCTION_FLUSH") == "yes"

func openTelemetry() func(context.Context) {
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithInsecure())
	must(err)
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	spans := provider.Tracer("shop")
	return func(ctx context.Context) {
		_, span := spans.Start(ctx, "price")
		span.End()
		if flushes {
			must(provider.ForceFlush(ctx))
		}
	}
}

func ddTrace() func(context.Context) {
	must(tracer.Start(tracer.WithLambdaMode(false)))
	return func(context.Context) {
		tracer.StartSpan("price").Finish()
		if flushes {
			tracer.Flush()
		}
	}
}

func dogStatsD() func(context.Context) {
	client, err := statsd.New("127.0.0.1:8125")
	must(err)
	return func(context.Context) {
		must(client.Incr("shop.orders", nil, 1))
		if flushes {
			must(client.Flush())
		}
	}
}

func main() {
	sdks := map[string]func() func(context.Context){
		"opentelemetry": openTelemetry, "ddtrace": ddTrace, "statsd": dogStatsD,
	}
	work := sdks[os.Getenv("FUNCTION_SDK")]()
	lambda.Start(func(ctx context.Context) (string, error) {
		work(ctx)
		return "ok", nil
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
