// The Lambda scenario of ../lambda_scenario.ts: a handler wrapped by Datadog's library, called as Lambda's runtime does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	ddlambda "github.com/DataDog/datadog-lambda-go"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

const apiEvent = `{"version":"2.0","routeKey":"GET /orders","rawPath":"/orders","rawQueryString":"",
 "headers":{"x-datadog-trace-id":"1234567890","x-datadog-parent-id":"987654321","x-datadog-sampling-priority":"2"},
 "requestContext":{"accountId":"123456789012","apiId":"a1","stage":"$default","requestId":"r1",
  "domainName":"a1.execute-api.eu-west-1.amazonaws.com","timeEpoch":1767225600000,
  "http":{"method":"GET","path":"/orders","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"test"}}}`

// As a sender's tracer of X-Ray's header leaves it: ids of 64 bits.
const queueEvent = `{"Records":[{"messageId":"m1","receiptHandle":"h1","body":"{}","messageAttributes":{},"md5OfBody":"m",
 "attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1767225600000","SenderId":"A",
  "AWSTraceHeader":"Root=1-6955b900-0000000000000000499602d2;Parent=000000003ade68b1;Sampled=1"},
 "eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:orders","awsRegion":"eu-west-1"}]}`

func main() {
	isQueue := len(os.Args) > 1 && os.Args[1] == "queue"
	handle := func(ctx context.Context, _ json.RawMessage) (any, error) {
		span, _ := tracer.StartSpanFromContext(ctx, "work", tracer.ResourceName("sell"))
		span.Finish()
		ddlambda.Metric("shop.sold", 2.5, "tier:gold")
		if isQueue {
			return "done", nil
		}
		return map[string]any{"statusCode": 200, "body": "ok"}, nil
	}
	wrapped, isHandler := ddlambda.WrapFunction(handle, nil).(func(context.Context, json.RawMessage) (any, error))
	if !isHandler {
		panic("the library wraps handlers in another form")
	}
	event := apiEvent
	if isQueue {
		event = queueEvent
	}
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{
		AwsRequestID:       os.Getenv("TEST_REQUEST_ID"),
		InvokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
	})
	if _, err := wrapped(ctx, json.RawMessage(event)); err != nil {
		panic(err)
	}
	fmt.Println("REPORT {}")
	time.Sleep(500 * time.Millisecond)
}
