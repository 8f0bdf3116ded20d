// A function that fails, and logs, in every way that is asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanID = "00f067aa0ba902b7"

type event struct {
	Case string `json:"case"`
}

type silent struct{}

func (silent) Error() string { return "" }

func handle(_ context.Context, event event) (any, error) {
	switch event.Case {
	case "success":
		fmt.Println("priced")
	case "thrown":
		return nil, errors.New("boom")
	case "thrown, lines":
		return nil, errors.New("boom first\nboom second")
	case "thrown, no message":
		return nil, silent{}
	case "thrown, cause":
		return nil, fmt.Errorf("boom outer: %w", errors.New("boom inner"))
	case "not serialisable":
		return make(chan int), nil
	case "logged, then more":
		log.Print("could not price: ", errors.New("boom logged"))
		log.Print("goes on")
	case "logged last":
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("could not price", "errorMessage", "boom logged")
	case "logged, thrown":
		log.Print("could not price: ", errors.New("boom logged"))
		return nil, errors.New("boom after")
	case "thrown, tabs and own fields":
		return nil, errors.New("boom tabs\tand {\"json\": 1}\r\nCR")
	case "logged last, in the function's own format":
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).
			Error("could not price", "error", map[string]string{"errorMessage": "boom logged", "errorType": "errorString"})
	case "logged last, printed stack":
		fmt.Fprintf(os.Stderr, "could not price: boom printed\n%s", debug.Stack())
	case "panic":
		panic("boom in panic")
	case "panic in a goroutine":
		go func() { panic("boom in a goroutine") }()
		select {}
	case "crash":
		fmt.Println("last words")
		os.Exit(3)
	default:
		logWith(strings.TrimPrefix(event.Case, "logger "))
	}
	return map[string]bool{"ok": true}, nil
}

func logWith(logger string) {
	text := logger + " says no"
	switch logger {
	case "slog JSON":
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error(text, "order", 7, "trace_id", traceID, "span_id", spanID)
	case "slog text":
		slog.New(slog.NewTextHandler(os.Stdout, nil)).Error(text, "order", 7, "trace_id", traceID, "span_id", spanID)
	case "zap":
		zap.Must(zap.NewProduction()).
			Error(text, zap.Int("order", 7), zap.String("trace_id", traceID), zap.String("span_id", spanID))
	case "zap development":
		zap.Must(zap.NewDevelopment()).
			Error(text, zap.Int("order", 7), zap.String("trace_id", traceID), zap.String("span_id", spanID))
	case "logrus":
		logger := logrus.New()
		logger.SetFormatter(&logrus.JSONFormatter{})
		logger.WithFields(logrus.Fields{"order": 7, "trace_id": traceID, "span_id": spanID}).Error(text)
	case "logrus text":
		logrus.WithFields(logrus.Fields{"order": 7, "trace_id": traceID, "span_id": spanID}).Error(text)
	case "zerolog":
		logger := zerolog.New(os.Stdout).With().Timestamp().Logger()
		logger.Error().Int("order", 7).Str("trace_id", traceID).Str("span_id", spanID).Msg(text)
	}
}

func main() {
	if os.Getenv("FUNCTION_INIT") == "fail" {
		log.Fatal("boom at init")
	}
	lambda.Start(handle)
}
