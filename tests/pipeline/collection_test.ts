import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createCollection } from "../../src/pipeline/collection.ts";
import type { Receiver } from "../../src/pipeline/receiver.ts";

Deno.test("who asks for a collection while one goes on gets that one, and a failure costs only itself", async () => {
  const lines: string[] = [];
  let collected = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const receivers: Receiver[] = [
    { name: "slow", collect: () => promise },
    { name: "broken", collect: () => Promise.reject(new Error("bug")) },
    { name: "well", collect: () => void collected++ },
  ];
  const collect = createCollection(() => receivers, createLogger({ write: (line) => void lines.push(line) }));
  const both = Promise.all([collect(), collect()]);
  assertEquals(collected, 1);
  resolve();
  await both;
  await collect();
  assertEquals(collected, 2);
  assertEquals(
    new Set(lines.map((line) => JSON.parse(line).message)),
    new Set(["Aggregates of broken were lost as collecting them failed"]),
  );
});
