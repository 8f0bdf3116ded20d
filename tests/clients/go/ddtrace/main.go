// The ddtrace scenario of ../../ddtrace_scenario.ts, for version 2 of the library.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/DataDog/dd-trace-go/v2/ddtrace/ext"
	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"
)

const baseNs = 1_767_225_600_000_000_000

func main() {
	if err := tracer.Start(tracer.WithLambdaMode(false)); err != nil {
		panic(err)
	}
	root := tracer.StartSpan("web.request", tracer.StartTime(at(128)),
		tracer.ResourceName("GET /orders/{id}"), tracer.SpanType(ext.SpanTypeWeb),
		tracer.Tag(ext.SpanKind, ext.SpanKindServer),
		tracer.Tag(ext.HTTPMethod, "GET"), tracer.Tag(ext.HTTPCode, "200"),
		tracer.Tag(ext.HTTPURL, "http://shop.example/orders/7"),
		tracer.Tag("app.text", "héllo wörld 中文 🚀"), tracer.Tag("app.number", 0.1),
		tracer.Tag("app.integer", 42), tracer.Tag("app.flag", true),
	)
	database := root.StartChild("db.query", tracer.StartTime(at(200)),
		tracer.ResourceName("SELECT orders"), tracer.SpanType(ext.SpanTypeSQL),
		tracer.Tag(ext.SpanKind, ext.SpanKindClient), tracer.Tag(ext.DBType, "postgres"),
	)
	database.Finish(tracer.FinishTime(at(500)), tracer.WithError(errors.New("connection reset")))
	work := root.StartChild("work", tracer.StartTime(at(600)), tracer.ResourceName("work"))
	work.AddEvent("step", tracer.WithSpanEventTimestamp(at(650)),
		tracer.WithSpanEventAttributes(map[string]any{"step.name": "büro", "step.count": 3}))
	work.AddLink(tracer.SpanLink{
		TraceID: root.Context().TraceIDLower(), TraceIDHigh: root.Context().TraceIDUpper(),
		SpanID: root.Context().SpanID(), Attributes: map[string]string{"link.kind": "follows"},
	})
	work.Finish(tracer.FinishTime(at(1000)))
	root.Finish(tracer.FinishTime(at(1000)))
	tracer.Stop()

	id := func(span *tracer.Span) string { return fmt.Sprint(span.Context().SpanID()) }
	report, _ := json.Marshal(map[string]any{
		"traceId":   root.Context().TraceID(),
		"spans":     map[string]string{"root": id(root), "database": id(database), "work": id(work)},
		"errorType": "*errors.errorString",
	})
	fmt.Println("REPORT " + string(report))
}

func at(milliseconds int64) time.Time { return time.Unix(0, baseNs+milliseconds*1_000_000) }
