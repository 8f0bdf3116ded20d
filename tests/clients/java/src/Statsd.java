// The StatsD scenario of ../../statsd_scenario.ts.

import com.timgroup.statsd.Event;
import com.timgroup.statsd.NonBlockingStatsDClientBuilder;
import com.timgroup.statsd.ServiceCheck;
import com.timgroup.statsd.StatsDClient;

public class Statsd {
  public static void main(String[] args) {
    StatsDClient client = new NonBlockingStatsDClientBuilder()
        .hostname("localhost").port(8125).constantTags("env:test")
        .errorHandler(error -> System.err.println("error: " + error))
        // Or closing it throws away what its timers have not sent yet.
        .blocking(true).build();
    client.count("shop.orders", 2, "tier:gold");
    client.count("shop.orders", 3, "tier:gold");
    client.count("shop.stock", -4);
    client.gauge("shop.queue", 3.0);
    client.gauge("shop.queue", 7.5);
    client.gauge("shop.balance", -3);
    for (long value : new long[] {12, 20, 40}) client.time("shop.latency", value);
    for (long value : new long[] {1, 2, 3, 4}) client.histogram("shop.size", value);
    for (double value : new double[] {1.5, 2.5}) client.distribution("shop.weight", value);
    for (String value : new String[] {"ann", "böb", "ann"}) client.recordSetValue("shop.users", value);
    client.recordEvent(Event.builder().withTitle("déploiement 🚀").withText("version 1.2.3\nzweite Zeile")
        .withAlertType(Event.AlertType.ERROR).withAggregationKey("deploy").build(), "region:eu");
    client.serviceCheck(ServiceCheck.builder().withName("shop.up").withStatus(ServiceCheck.Status.CRITICAL)
        .withMessage("down: no answer").withTags(new String[] {"region:eu"}).build());
    client.close();
    System.out.println("REPORT {}");
  }
}
