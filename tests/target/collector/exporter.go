package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// stdoutConfig says what becomes of the first requests of each signal: "throttle" asks for another try in a second,
// "unavailable" for one at any time, "permanent" for none. All later ones are taken.
type stdoutConfig struct {
	Refuse []string `mapstructure:"refuse"`
}

type stdout struct {
	refuse map[string][]string
	mutex  sync.Mutex
}

var out = stdout{refuse: map[string][]string{}}

func (s *stdout) put(signal string, config *stdoutConfig, body []byte, err error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err != nil {
		return err
	}
	left, known := s.refuse[signal]
	if !known {
		left = config.Refuse
	}
	if len(left) > 0 {
		s.refuse[signal] = left[1:]
		fmt.Printf("refused %s %s\n", signal, left[0])
		return refusal(left[0])
	}
	s.refuse[signal] = left
	_, err = fmt.Printf("%s %s\n", signal, body)
	return err
}

func refusal(kind string) error {
	switch kind {
	case "throttle":
		info, err := status.New(codes.ResourceExhausted, "slow down").
			WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
		if err != nil {
			return err
		}
		return info.Err()
	case "permanent":
		return consumererror.NewPermanent(errors.New("not wanted"))
	default:
		return errors.New("not now")
	}
}

func stdoutExporter() exporter.Factory {
	stability := component.StabilityLevelStable
	return exporter.NewFactory(
		component.MustNewType("stdout"),
		func() component.Config { return &stdoutConfig{} },
		exporter.WithTraces(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
			return exporterhelper.NewTraces(ctx, set, cfg, func(_ context.Context, data ptrace.Traces) error {
				body, err := (&ptrace.JSONMarshaler{}).MarshalTraces(data)
				return out.put("traces", cfg.(*stdoutConfig), body, err)
			})
		}, stability),
		exporter.WithMetrics(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
			return exporterhelper.NewMetrics(ctx, set, cfg, func(_ context.Context, data pmetric.Metrics) error {
				body, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(data)
				return out.put("metrics", cfg.(*stdoutConfig), body, err)
			})
		}, stability),
		exporter.WithLogs(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			return exporterhelper.NewLogs(ctx, set, cfg, func(_ context.Context, data plog.Logs) error {
				body, err := (&plog.JSONMarshaler{}).MarshalLogs(data)
				return out.put("logs", cfg.(*stdoutConfig), body, err)
			})
		}, stability),
	)
}
