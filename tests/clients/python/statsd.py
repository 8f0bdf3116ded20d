"""The StatsD scenario of ../statsd_scenario.ts."""

from datadog.dogstatsd import DogStatsd

client = DogStatsd(constant_tags=["env:test"])
client.increment("shop.orders", 2, tags=["tier:gold"])
client.increment("shop.orders", 3, tags=["tier:gold"])
client.decrement("shop.stock", 4)
client.gauge("shop.queue", 3)
client.gauge("shop.queue", 7.5)
client.gauge("shop.balance", -3)
for value in (12, 20, 40):
    client.timing("shop.latency", value)
for value in (1, 2, 3, 4):
    client.histogram("shop.size", value)
for value in (1.5, 2.5):
    client.distribution("shop.weight", value)
for value in ("ann", "böb", "ann"):
    client.set("shop.users", value)
client.event(
    "déploiement 🚀",
    "version 1.2.3\nzweite Zeile",
    alert_type="error",
    aggregation_key="deploy",
    tags=["region:eu"],
)
client.service_check("shop.up", client.CRITICAL, tags=["region:eu"], message="down: no answer")
client.flush()
client.stop()
print("REPORT {}")
