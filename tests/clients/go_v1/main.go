// The ddtrace scenario of ../ddtrace_scenario.ts, for version 1 of the library.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

const baseNs = 1_767_225_600_000_000_000

func main() {
	tracer.Start(tracer.WithLambdaMode(false))
	root := tracer.StartSpan("web.request", tracer.StartTime(at(128)),
		tracer.ResourceName("GET /orders/{id}"), tracer.SpanType(ext.SpanTypeWeb),
		tracer.Tag(ext.SpanKind, ext.SpanKindServer),
		tracer.Tag(ext.HTTPMethod, "GET"), tracer.Tag(ext.HTTPCode, "200"),
		tracer.Tag(ext.HTTPURL, "http://shop.example/orders/7"),
		tracer.Tag("app.text", "héllo wörld 中文 🚀"), tracer.Tag("app.number", 0.1),
		tracer.Tag("app.integer", 42), tracer.Tag("app.flag", true),
	)
	database := tracer.StartSpan("db.query", tracer.ChildOf(root.Context()), tracer.StartTime(at(200)),
		tracer.ResourceName("SELECT orders"), tracer.SpanType(ext.SpanTypeSQL),
		tracer.Tag(ext.SpanKind, ext.SpanKindClient), tracer.Tag(ext.DBType, "postgres"),
	)
	database.Finish(tracer.FinishTime(at(500)), tracer.WithError(errors.New("connection reset")))
	work := tracer.StartSpan("work", tracer.ChildOf(root.Context()), tracer.StartTime(at(600)), tracer.ResourceName("work"))
	work.Finish(tracer.FinishTime(at(1000)))
	root.Finish(tracer.FinishTime(at(1000)))
	tracer.Stop()

	id := func(span ddtrace.Span) string { return fmt.Sprint(span.Context().SpanID()) }
	wide := root.Context().(ddtrace.SpanContextW3C).TraceID128Bytes()
	if binary.BigEndian.Uint64(wide[8:]) != root.Context().TraceID() {
		panic("the lower half is the whole id of 64 bits")
	}
	report, _ := json.Marshal(map[string]any{
		"traceId":   hex.EncodeToString(wide[:]),
		"spans":     map[string]string{"root": id(root), "database": id(database), "work": id(work)},
		"errorType": "*errors.errorString",
	})
	fmt.Println("REPORT " + string(report))
}

func at(milliseconds int64) time.Time { return time.Unix(0, baseNs+milliseconds*1_000_000) }
