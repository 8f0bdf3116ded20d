import { assertEquals } from "@std/assert";
import { createLatch, settle, settlement } from "../../src/lambda/latch.ts";

Deno.test("settle() counts once, and tells those who waited and those who come later", async () => {
  const latch = createLatch<number>();
  const early = [settlement(latch), settlement(latch)];
  settle(latch, 1);
  settle(latch, 2);
  assertEquals(await Promise.all([...early, settlement(latch)]), [1, 1, 1]);
});

Deno.test("settle() leaves no promise behind, and makes none for nobody", async () => {
  const latch = createLatch<number>();
  settle(latch);
  assertEquals(latch, { isSettled: true, value: undefined, waiting: undefined });
  assertEquals(await settlement(latch), undefined);
  const awaited = createLatch<number>();
  const waiting = settlement(awaited);
  settle(awaited, 3);
  assertEquals(awaited, { isSettled: true, value: 3, waiting: undefined });
  assertEquals(await waiting, 3);
});
