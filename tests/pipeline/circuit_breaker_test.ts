import { assertEquals } from "@std/assert";
import { createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";

Deno.test("breaker opens after two failures in a row and asks for a probe after the wait", () => {
  let now = 0;
  const breaker = createCircuitBreaker({ now: () => now });
  breaker.failed();
  assertEquals(breaker.state(), "closed");
  breaker.failed();
  assertEquals(breaker.state(), "open");
  now = 4999;
  assertEquals(breaker.state(), "open");
  now = 5000;
  assertEquals(breaker.state(), "half_open");
});

Deno.test("breaker doubles its wait with each failed probe up to the longest", () => {
  let now = 0;
  const breaker = createCircuitBreaker({ now: () => now });
  breaker.failed();
  breaker.failed();
  const waits: number[] = [];
  for (let probe = 0; probe < 8; probe++) {
    const openedAt = now;
    while (breaker.state() === "open") now += 100;
    waits.push(now - openedAt);
    breaker.failed();
  }
  assertEquals(waits, [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000));
});

Deno.test("breaker closes with a success and forgets earlier failures", () => {
  const breaker = createCircuitBreaker({ now: () => 0 });
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  assertEquals(breaker.state(), "closed");
});

Deno.test("breaker opens at once for as long as Dataway asks", () => {
  let now = 0;
  const breaker = createCircuitBreaker({ now: () => now });
  breaker.failed(60_000);
  assertEquals(breaker.state(), "open");
  now = 60_000;
  assertEquals(breaker.state(), "half_open");
});

Deno.test("breaker does not hold data for ever when the clock is set back", () => {
  let now = 1_000_000;
  const breaker = createCircuitBreaker({ now: () => now });
  breaker.failed();
  breaker.failed();
  now = 0;
  assertEquals(breaker.state(), "half_open");
});
