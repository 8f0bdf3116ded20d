import { assertEquals } from "@std/assert";
import { createFailover } from "../../src/dataway/failover.ts";

Deno.test("createFailover() puts endpoints that failed behind the others for a minute", () => {
  let nowMs = 1000;
  const failover = createFailover(3, () => nowMs);
  assertEquals(failover.order(), [0, 1, 2]);
  failover.failed(0);
  assertEquals(failover.order(), [1, 2, 0]);
  nowMs += 59_999;
  assertEquals(failover.order(), [1, 2, 0]);
  nowMs += 1;
  assertEquals(failover.order(), [0, 1, 2]);
});

Deno.test("createFailover() asks all when all failed, the longest-failed first", () => {
  const failover = createFailover(3, () => 0);
  failover.failed(1);
  failover.failed(0);
  failover.failed(2);
  failover.failed(1);
  assertEquals(failover.order(), [0, 2, 1]);
});

Deno.test("createFailover() restores an endpoint as soon as it works", () => {
  const failover = createFailover(2, () => 0);
  failover.failed(0);
  failover.worked(0);
  assertEquals(failover.order(), [0, 1]);
});

Deno.test("createFailover() forgets a failure when the clock was set back", () => {
  let nowMs = 10_000_000;
  const failover = createFailover(2, () => nowMs);
  failover.failed(0);
  nowMs = 0;
  assertEquals(failover.order(), [0, 1]);
});
