import { assert, assertEquals, assertFalse } from "@std/assert";
import { boundSignal, readAtMost } from "../../src/dataway/bounds.ts";

Deno.test("boundSignal() fires with the reason of whichever signal fires first", () => {
  const first = new AbortController();
  const second = new AbortController();
  using bound = boundSignal([first.signal, second.signal], 60_000);
  assertFalse(bound.signal.aborted);
  second.abort("second");
  first.abort("first");
  assertEquals(bound.signal.reason, "second");
});

Deno.test("boundSignal() has fired already when one of its signals has", () => {
  using bound = boundSignal([AbortSignal.abort("gone")], 60_000);
  assertEquals(bound.signal.reason, "gone");
});

Deno.test("boundSignal() fires after its time", async () => {
  using bound = boundSignal([], 1);
  await new Promise((resolve) => bound.signal.addEventListener("abort", resolve));
  assertEquals(bound.signal.reason.name, "TimeoutError");
});

Deno.test("boundSignal() leaves a moment for an answer that came in a freeze", async () => {
  let now = 0;
  using bound = boundSignal([], 5, () => now);
  now = 60_000;
  await new Promise((resolve) => setTimeout(resolve, 40));
  assertFalse(bound.signal.aborted);
});

Deno.test("boundSignal() lets go when disposed", () => {
  const controller = new AbortController();
  const bound = boundSignal([controller.signal], 60_000);
  bound[Symbol.dispose]();
  controller.abort();
  assertFalse(bound.signal.aborted);
});

Deno.test("readAtMost() reads a short body to its end", async () => {
  assertEquals(await readAtMost(new Response("a€b"), 100, 1000), "a€b");
  assertEquals(await readAtMost(new Response(null), 100, 1000), "");
});

Deno.test("readAtMost() lets go of a body that is too long", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10).fill(65)),
    cancel: () => void (cancelled = true),
  });
  assertEquals((await readAtMost(new Response(body), 15, 1000)).length, 20);
  assert(cancelled);
});

Deno.test("readAtMost() lets go of a body that takes too long, or breaks", async () => {
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("ab")),
  });
  assertEquals(await readAtMost(new Response(silent), 100, 5), "ab");
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new TypeError("connection reset")),
  });
  assertEquals(await readAtMost(new Response(broken), 100, 1000), "");
});

Deno.test("readAtMost() reads the runtime's own streams into small buffers", async () => {
  const rooms: number[] = [];
  const body = new ReadableStream({
    type: "bytes",
    pull: ({ byobRequest, close }) => {
      const view = byobRequest?.view;
      if (!(view instanceof Uint8Array)) return close();
      rooms.push(view.byteLength);
      view[0] = 65;
      byobRequest?.respond(1);
    },
  });
  assertEquals(await readAtMost(new Response(body), 3, 1000), "AAA");
  assertEquals(rooms, [1024, 1024, 1024]);
});
