import { assert, assertEquals } from "@std/assert";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { mediaType, readBody } from "../../src/ingest/body.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { scenario } from "../support/scenario.ts";

const LIMITS = { maxWireBytes: 1000, maxInflatedBytes: 4000, timeoutMs: 5000 };
const HELLO = new TextEncoder().encode("hello");

function post(body: BodyInit | null, headers: HeadersInit = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

/** A body of one chunk for each array; `open` leaves it without an end. */
function chunks(
  parts: Iterable<Uint8Array<ArrayBuffer>>,
  open = false,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream({
    pull(controller): void {
      const next = iterator.next();
      if (!next.done) return controller.enqueue(next.value);
      if (!open) controller.close();
    },
  });
}

async function status(request: Request, limits = LIMITS): Promise<number> {
  const result = await readBody(request, limits);
  return result.ok ? 200 : result.status;
}

Deno.test("readBody() returns the bytes as they came", async () => {
  const result = await readBody(post("hello"), LIMITS);
  assert(result.ok);
  assertEquals(result.bytes, HELLO);
});

Deno.test("readBody() takes a request without a body as empty", async () => {
  assertEquals(await readBody(new Request("http://localhost/"), LIMITS), {
    ok: true,
    bytes: new Uint8Array(0),
  });
});

scenario(
  "readBody() lets the event loop run while hundreds of bodies come in that are there already",
  async () => {
    const limits = { ...LIMITS, maxWireBytes: 1_000_000 };
    const parts = Array.from({ length: 10 }, () => new Uint8Array(65_536));
    const requests = (): readonly Request[] => Array.from({ length: 300 }, () => post(chunks(parts)));
    const ms = await longestTurnMs(async () => {
      const sent = requests();
      await new Promise((resolve) => setTimeout(resolve, 0));
      const results = await Promise.all(sent.map((request) => readBody(request, limits)));
      assert(results.every(({ ok }) => ok));
    });
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  },
);

Deno.test("readBody() joins a body that comes one byte per chunk", async () => {
  const result = await readBody(post(chunks([...HELLO].map((byte) => Uint8Array.of(byte)))), LIMITS);
  assert(result.ok);
  assertEquals(result.bytes, HELLO);
});

Deno.test("readBody() undoes each coding, any case", async () => {
  const bodies: [string, Uint8Array][] = [
    ["GZip", gzipSync(HELLO)],
    ["x-gzip", gzipSync(HELLO)],
    ["deflate", deflateSync(HELLO)],
    ["deflate", deflateRawSync(HELLO)],
    ["ZSTD", zstdCompressSync(HELLO)],
    ["identity", HELLO],
    ["", HELLO],
  ];
  for (const [coding, bytes] of bodies) {
    const result = await readBody(post(new Uint8Array(bytes), { "content-encoding": coding }), LIMITS);
    assert(result.ok, coding);
    assertEquals(new TextDecoder().decode(result.bytes), "hello", coding);
  }
});

Deno.test("readBody() undoes a list of codings from right to left", async () => {
  const twice = new Uint8Array(zstdCompressSync(gzipSync(HELLO)));
  const result = await readBody(post(twice, { "content-encoding": "gzip, identity, zstd" }), LIMITS);
  assert(result.ok);
  assertEquals(new TextDecoder().decode(result.bytes), "hello");
  assertEquals(await status(post(twice, { "content-encoding": "zstd, gzip" })), 400);
});

Deno.test("readBody() answers 400 to an unknown coding and to too many of them", async () => {
  assertEquals(await status(post("x", { "content-encoding": "snappy" })), 400);
  assertEquals(await status(post("x", { "content-encoding": "br" })), 400);
  assertEquals(await status(post("x", { "content-encoding": "gzip, snappy" })), 400);
  assertEquals(await status(post("x", { "content-encoding": "gzip, gzip, gzip, gzip" })), 400);
});

Deno.test("readBody() answers 400 to a plain or empty body said to be gzip", async () => {
  assertEquals(await status(post("hello", { "content-encoding": "gzip" })), 400);
  assertEquals(await status(post("", { "content-encoding": "gzip" })), 400);
});

Deno.test("readBody() answers 400 to compressed bodies cut short", async () => {
  for (const [coding, bytes] of [["gzip", gzipSync(HELLO)], ["zstd", zstdCompressSync(HELLO)]] as const) {
    const cut = new Uint8Array(bytes).slice(0, -3);
    assertEquals(await status(post(cut, { "content-encoding": coding })), 400, coding);
  }
});

Deno.test("readBody() inflates all members of a gzip body and all frames of a zstd body", async () => {
  for (const [coding, bytes] of [["gzip", gzipSync(HELLO)], ["zstd", zstdCompressSync(HELLO)]] as const) {
    const skippable = coding === "zstd" ? [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9] : [];
    const result = await readBody(
      post(new Uint8Array([...bytes, ...skippable, ...bytes]), { "content-encoding": coding }),
      LIMITS,
    );
    assert(result.ok, coding);
    assertEquals(new TextDecoder().decode(result.bytes), "hellohello", coding);
  }
});

Deno.test("readBody() holds all zstd frames together to the inflated limit", async () => {
  const frame = zstdCompressSync(new Uint8Array(1500));
  const body = (count: number): Request =>
    post(new Uint8Array(Array.from({ length: count }, () => [...frame]).flat()), {
      "content-encoding": "zstd",
    });
  assertEquals(await status(body(2)), 200);
  assertEquals(await status(body(3)), 413);
});

Deno.test("readBody() takes a body of exactly the limit and answers 413 to one byte more", async () => {
  assertEquals(await status(post(new Uint8Array(1000))), 200);
  assertEquals(await status(post(new Uint8Array(1001))), 413);
  assertEquals(await status(post(chunks([new Uint8Array(600), new Uint8Array(400)]))), 200);
  assertEquals(await status(post(chunks([new Uint8Array(600), new Uint8Array(401)]))), 413);
});

Deno.test("readBody() reads a body somewhat too large to its end, and stops reading an endless one", async () => {
  let pulled = 0;
  function* parts(count: number): Generator<Uint8Array<ArrayBuffer>> {
    for (let i = 0; i < count; i++) {
      pulled++;
      yield new Uint8Array(100);
    }
  }
  assertEquals(await status(post(chunks(parts(15)))), 413);
  assertEquals(pulled, 15);
  pulled = 0;
  assertEquals(await status(post(chunks(parts(1_000_000)))), 413);
  assert(pulled < 30, `${pulled} chunks were read`);
});

Deno.test("readBody() answers 413 to a declared length far beyond the limit without reading", async () => {
  assertEquals(await status(post(chunks([HELLO], true), { "content-length": "1000000000" })), 413);
});

Deno.test("readBody() stops bombs of every coding at the inflated limit", async () => {
  const zeros = new Uint8Array(20_000_000);
  const limits = { maxWireBytes: 100_000, maxInflatedBytes: 2_000_000, timeoutMs: 5000 };
  for (
    const [coding, compress] of [["gzip", gzipSync], ["deflate", deflateSync], [
      "zstd",
      zstdCompressSync,
    ]] as const
  ) {
    const bomb = new Uint8Array(compress(zeros));
    assertEquals(await status(post(bomb, { "content-encoding": coding }), limits), 413, coding);
    assertEquals(
      await status(post(bomb, { "content-encoding": coding }), { ...limits, maxInflatedBytes: 1000 }),
      413,
      coding,
    );
  }
});

Deno.test("readBody() inflates what is too large for the quick way", async () => {
  const zeros = new Uint8Array(3_000_000);
  const limits = { maxWireBytes: 100_000, maxInflatedBytes: 3_000_000, timeoutMs: 5000 };
  const result = await readBody(
    post(new Uint8Array(gzipSync(zeros)), { "content-encoding": "gzip" }),
    limits,
  );
  assert(result.ok);
  assertEquals(result.bytes.length, 3_000_000);
});

Deno.test("readBody() answers 408 to a body that does not end in time", async () => {
  assertEquals(await status(post(chunks([HELLO], true)), { ...LIMITS, timeoutMs: 1 }), 408);
});

Deno.test("readBody() answers 400 to a body that breaks off", async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("reset")),
  });
  assertEquals(await status(post(broken)), 400);
});

Deno.test("readBody() answers 400 to a body someone has read already", async () => {
  const request = post("hello");
  await request.text();
  assertEquals(await status(request), 400);
});

Deno.test("mediaType() drops parameters, case and blanks", () => {
  const type = (value: string): string =>
    mediaType(new Request("http://localhost/", { headers: { "content-type": value } }));
  assertEquals(type("application/JSON ; charset=utf-8"), "application/json");
  assertEquals(type("application/x-protobuf"), "application/x-protobuf");
  assertEquals(mediaType(new Request("http://localhost/")), "");
});

scenario("readBody() survives slow, aborted and oversized requests of a real server", async () => {
  const statuses: number[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const code = await status(request, { ...LIMITS, timeoutMs: 200 });
      statuses.push(code);
      return new Response(null, { status: code });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const send = async (text: string): Promise<string> => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await connection.write(new TextEncoder().encode(text));
    const buffer = new Uint8Array(1000);
    const size = await connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, size ?? 0)).split("\r\n")[0] ?? "";
  };
  const head = "POST / HTTP/1.1\r\nhost: x\r\n";
  assertEquals(await send(`${head}content-length: 5\r\n\r\nhello`), "HTTP/1.1 200 OK");
  assertEquals(
    await send(`${head}transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`),
    "HTTP/1.1 200 OK",
  );
  assertEquals(await send(`${head}content-length: 50\r\n\r\nhello`), "HTTP/1.1 408 Request Timeout");
  const response = await fetch(url, { method: "POST", body: new Uint8Array(1500) });
  await response.body?.cancel();
  assertEquals(response.status, 413);
  const controller = new AbortController();
  const aborted = fetch(url, {
    method: "POST",
    body: chunks([HELLO], true),
    signal: controller.signal,
  }).catch(() => {});
  setTimeout(() => controller.abort(), 50);
  await aborted;
  for (let i = 0; i < 100 && statuses.length < 5; i++) await new Promise((done) => setTimeout(done, 10));
  assertEquals(statuses, [200, 200, 408, 413, 400]);
});
