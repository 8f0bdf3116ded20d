// The StatsD scenario of ../statsd_scenario.ts.
import { StatsD } from "hot-shots";

const client = new StatsD({ globalTags: { env: "test" }, errorHandler: (error) => console.error(error) });
client.increment("shop.orders", 2, { tier: "gold" });
client.increment("shop.orders", 3, { tier: "gold" });
client.decrement("shop.stock", 4);
client.gauge("shop.queue", 3);
client.gauge("shop.queue", 7.5);
client.gauge("shop.balance", -3);
for (const value of [12, 20, 40]) client.timing("shop.latency", value);
for (const value of [1, 2, 3, 4]) client.histogram("shop.size", value);
for (const value of [1.5, 2.5]) client.distribution("shop.weight", value);
for (const value of ["ann", "böb", "ann"]) client.set("shop.users", value);
client.event("déploiement 🚀", "version 1.2.3\nzweite Zeile", {
  alert_type: "error",
  aggregation_key: "deploy",
}, { region: "eu" });
client.check("shop.up", client.CHECKS.CRITICAL, { message: "down: no answer" }, { region: "eu" });
client.close((error) => {
  if (error) console.error(error);
  console.log("REPORT {}");
});
