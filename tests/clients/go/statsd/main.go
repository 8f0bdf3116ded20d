// The StatsD scenario of ../../statsd_scenario.ts.
package main

import (
	"fmt"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
)

func main() {
	client, err := statsd.New("127.0.0.1:8125", statsd.WithTags([]string{"env:test"}))
	must(err)
	gold := []string{"tier:gold"}
	eu := []string{"region:eu"}
	must(client.Count("shop.orders", 2, gold, 1))
	must(client.Count("shop.orders", 3, gold, 1))
	must(client.Count("shop.stock", -4, nil, 1))
	must(client.Gauge("shop.queue", 3, nil, 1))
	must(client.Gauge("shop.queue", 7.5, nil, 1))
	must(client.Gauge("shop.balance", -3, nil, 1))
	for _, value := range []time.Duration{12, 20, 40} {
		must(client.Timing("shop.latency", value*time.Millisecond, nil, 1))
	}
	for _, value := range []float64{1, 2, 3, 4} {
		must(client.Histogram("shop.size", value, nil, 1))
	}
	for _, value := range []float64{1.5, 2.5} {
		must(client.Distribution("shop.weight", value, nil, 1))
	}
	for _, value := range []string{"ann", "böb", "ann"} {
		must(client.Set("shop.users", value, nil, 1))
	}
	must(client.Event(&statsd.Event{
		Title: "déploiement 🚀", Text: "version 1.2.3\nzweite Zeile",
		AlertType: statsd.Error, AggregationKey: "deploy", Tags: eu,
	}))
	must(client.ServiceCheck(&statsd.ServiceCheck{
		Name: "shop.up", Status: statsd.Critical, Message: "down: no answer", Tags: eu,
	}))
	must(client.Close())
	fmt.Println("REPORT {}")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
