/** Bodies made step by step: what they unpack to, by three decoders, and that each is one plain gzip file. */
import { crc32, gunzipSync } from "node:zlib";
import { assert, assertEquals, assertLess } from "@std/assert";
import { gzipAtOnce, gzipSteps, plainSteps } from "../../src/pipeline/gzip.ts";
import { createTurns, inSlices } from "../../src/pipeline/turns.ts";
import { sleep } from "../emulator/waiters.ts";
import { scenario } from "../support/scenario.ts";

const STEP = 256 * 1024;
const RANDOM_BYTES = 65_536;
/** Bodies that are made while nothing is collected as a rule. */
const BODIES = 20;
/** What is given up while it is paused has its timer still. In ms. */
const PAUSED_MS = 10;
const NO_LIMIT = new AbortController().signal;

/** Bytes without any order. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
  }
  return bytes;
}

function lines(length: number): Uint8Array<ArrayBuffer> {
  let text = "";
  for (let n = 0; text.length < length; n++) text += `m,host=ip-10-0-0-${n % 7} message="order ${n} done"\n`;
  return new TextEncoder().encode(text.slice(0, length));
}

function* cut(bytes: Uint8Array<ArrayBuffer>, partBytes: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

/** The result, and the number of steps. */
function run<T>(steps: Generator<undefined, T>): [T, number] {
  for (let count = 1;; count++) {
    const step = steps.next();
    if (step.done === true) return [step.value, count];
  }
}

async function unpack(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).bytes();
}

scenario("gzipSteps() makes one gzip file of all parts, whatever their sizes", async () => {
  for (const length of [0, 1, STEP - 1, STEP, STEP + 1, 3 * STEP, 600_001]) {
    for (const bytes of [noise(length), lines(length), new Uint8Array(length)]) {
      for (const partBytes of [7777, STEP, 1_000_000]) {
        const [body] = run(gzipSteps(cut(bytes, partBytes)));
        assertEquals(new Uint8Array(gunzipSync(body)), bytes);
        assertEquals(await unpack(body), bytes);
        // One member of all bytes, not several in a row, which not every server reads.
        const trailer = new DataView(body.buffer, body.length - 8);
        assertEquals(trailer.getUint32(0, true), crc32(bytes));
        assertEquals(trailer.getUint32(4, true), length);
      }
    }
  }
});

scenario(
  "gzipAtOnce() makes one gzip file of a body, which of a packet's size holds it as it is",
  async () => {
    for (const length of [0, 1, 255, 256, 1399, 1400, 1401, 8192, 8193, 100_000]) {
      for (const bytes of [noise(length), lines(length), new Uint8Array(length)]) {
        const body = gzipAtOnce(bytes);
        assertEquals(new Uint8Array(gunzipSync(body)), bytes);
        assertEquals(await unpack(body), bytes);
        assertLess(body.length, length * 1.001 + 24);
      }
    }
    assertEquals(gzipAtOnce(lines(1400)).length, 1400 + 23);
    assertLess(gzipAtOnce(lines(1401)).length, 500);
  },
);

scenario("gzip(1) itself finds nothing wrong with a body, of many steps or of none", async () => {
  for (const length of [0, 700, 500_000]) {
    const bytes = lines(length);
    for (const body of [run(gzipSteps(cut(bytes, 10_000)))[0], gzipAtOnce(bytes)]) {
      const gzip = new Deno.Command("gzip", { args: ["-dc"], stdin: "piped", stdout: "piped" }).spawn();
      const writer = gzip.stdin.getWriter();
      void writer.write(body).then(() => writer.close());
      const { code, stdout } = await gzip.output();
      assertEquals(code, 0);
      assertEquals(new Uint8Array(stdout), bytes);
    }
  }
});

scenario("gzipSteps() packs as well as one go does", () => {
  for (const bytes of [noise(500_000), lines(500_000)]) {
    const [body] = run(gzipSteps(cut(bytes, 20_000)));
    assertLess(body.length, gzipAtOnce(bytes).length * 1.03);
  }
});

scenario("gzipSteps() leaves the garbage collector no more than the body itself", () => {
  const bytes = lines(2 * STEP);
  const [{ length }] = run(gzipSteps([bytes]));
  const { external } = Deno.memoryUsage();
  let most = external;
  for (let n = 0; n < BODIES; n++) {
    run(gzipSteps([bytes]));
    most = Math.max(most, Deno.memoryUsage().external);
  }
  assertLess(most - external, BODIES * length * 1.2);
});

scenario("gzipSteps() and plainSteps() stop after each piece", () => {
  const bytes = lines(10 * STEP);
  assert(run(gzipSteps([bytes]))[1] > 10);
  const [body, steps] = run(plainSteps(cut(bytes, STEP)));
  assertEquals(body, bytes);
  assert(steps > 10);
});

scenario("createTurns() begins work in order, and what fails or is given up holds nobody", async () => {
  const turns = createTurns();
  const log: string[] = [];
  const first = Promise.withResolvers<void>();
  const over = new AbortController();
  const all = [
    turns(async () => {
      log.push("first");
      await first.promise;
      throw new Error("failed");
    }, NO_LIMIT).catch(() => log.push("caught")),
    turns(() => Promise.resolve(log.push("never")), over.signal).then((result) =>
      log.push(`given up: ${result}`)
    ),
    turns(() => Promise.resolve(log.push("last")), NO_LIMIT),
  ];
  over.abort();
  await all[1];
  assertEquals(log, ["first", "given up: undefined"]);
  first.resolve();
  await Promise.all(all);
  assertEquals(log, ["first", "given up: undefined", "caught", "last"]);
});

scenario("inSlices() ends with its signal", async () => {
  const over = new AbortController();
  function* endless(): Generator<undefined, string> {
    for (;;) yield;
  }
  setTimeout(() => over.abort(), 20);
  assertEquals(await inSlices(endless(), over.signal), undefined);
  await sleep(PAUSED_MS);
});
