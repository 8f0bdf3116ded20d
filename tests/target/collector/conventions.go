package main

import (
	"encoding/json"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/faasconv"
)

type instrument interface {
	Name() string
	Unit() string
	Description() string
}

// printConventions prints the names that the semantic conventions' own package has, as JSON.
func printConventions(string) error {
	metrics := map[string][2]string{}
	for _, i := range []instrument{
		faasconv.Coldstarts{}, faasconv.CPUUsage{}, faasconv.Errors{}, faasconv.InitDuration{}, faasconv.Invocations{},
		faasconv.InvokeDuration{}, faasconv.MemUsage{}, faasconv.NetIO{}, faasconv.Timeouts{},
	} {
		metrics[i.Name()] = [2]string{i.Unit(), i.Description()}
	}
	attributes := []attribute.Key{
		semconv.ServiceNameKey, semconv.CloudProviderKey, semconv.CloudPlatformKey, semconv.CloudRegionKey,
		semconv.CloudAccountIDKey, semconv.CloudResourceIDKey, semconv.FaaSNameKey, semconv.FaaSVersionKey,
		semconv.FaaSInstanceKey, semconv.FaaSMaxMemoryKey, semconv.FaaSInvocationIDKey, semconv.FaaSColdstartKey,
		semconv.AWSLogGroupNamesKey, semconv.AWSLogStreamNamesKey, semconv.ErrorTypeKey, semconv.ExceptionTypeKey,
		semconv.ExceptionMessageKey, semconv.ExceptionStacktraceKey,
	}
	values := []attribute.KeyValue{semconv.CloudProviderAWS, semconv.CloudPlatformAWSLambda}
	text := map[string]string{}
	for _, pair := range values {
		text[string(pair.Key)] = pair.Value.AsString()
	}
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"schemaUrl": semconv.SchemaURL, "metrics": metrics, "attributes": attributes, "values": text,
	})
	if err != nil {
		return fmt.Errorf("cannot print the conventions: %w", err)
	}
	return nil
}
