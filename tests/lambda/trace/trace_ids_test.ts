import { assertEquals, assertMatch } from "@std/assert";
import { spanIdOf } from "../../../src/lambda/trace/trace_ids.ts";

const ID = "0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11";
const START_MS = Date.UTC(2026, 10, 25, 12);

Deno.test("spanIdOf() gives the same span the same id, 16 hexadecimal digits, whenever it is asked", () => {
  const id = spanIdOf(ID, START_MS, "aws.lambda");
  assertMatch(id, /^[0-9a-f]{16}$/);
  assertEquals(spanIdOf(ID, START_MS, "aws.lambda"), id);
});

Deno.test("spanIdOf() gives no two spans one id: requests, starts and names that differ little", () => {
  const ids = new Set<string>();
  let spans = 0;
  for (let n = 0; n < 2_000; n++) {
    const requestId = `${ID.slice(0, 24)}${n.toString(16).padStart(12, "0")}`;
    for (let later = 0; later < 20; later++) {
      for (const name of ["aws.lambda", "aws.lambda.cold_start", "aws.lambda.cold_start|invoke"]) {
        ids.add(spanIdOf(requestId, START_MS + later, name));
        spans++;
      }
    }
  }
  assertEquals(ids.size, spans);
});

Deno.test("spanIdOf() changes about half of all bits with the last one of its input", () => {
  const changed = new Array<number>(64).fill(0);
  const tries = 2_000;
  for (let n = 0; n < tries; n++) {
    const [one, other] = [n * 2, n * 2 + 1].map((ms) =>
      BigInt(`0x${spanIdOf(ID, START_MS + ms, "aws.lambda")}`)
    );
    const bits = (one ?? 0n) ^ (other ?? 0n);
    for (let bit = 0; bit < 64; bit++) if ((bits >> BigInt(bit)) & 1n) changed[bit] = (changed[bit] ?? 0) + 1;
  }
  // Of 2,000 throws of a coin more than 1,200 heads come once in 10^18 times.
  assertEquals(changed.filter((count) => count < tries * 0.4 || count > tries * 0.6), []);
});
