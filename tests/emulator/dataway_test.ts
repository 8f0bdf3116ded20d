import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { scenario } from "../support/scenario.ts";
import { type DatawayDouble, startDataway, TEST_TOKEN } from "./dataway.ts";

const LINE = "cpu,host=h0 load=1.5 1700000000000000001\n";
const HEADERS = {
  "content-type": "application/line-protocol",
  "content-encoding": "gzip",
  "x-points": "1",
  "x-pkg-id": "dk_0123456789abcdefghij",
  "user-agent": "datakit-lambda-extension/0.0.0",
};

interface Overrides {
  readonly path?: string;
  readonly token?: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

/** Posts one line over a connection of its own. Resolves to the status, or to 0 if there was no answer. */
async function post(dataway: DatawayDouble, overrides: Overrides = {}): Promise<number> {
  const { path = "/v1/write/metric", token = TEST_TOKEN, body = new Uint8Array(gzipSync(LINE)) } = overrides;
  using client = Deno.createHttpClient({ http2: false });
  try {
    const response = await fetch(`http://127.0.0.1:${dataway.port}${path}?token=${token}`, {
      method: "POST",
      headers: { ...HEADERS, ...overrides.headers },
      body,
      client,
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

scenario("startDataway() keeps what it accepted, by category and measurement", async () => {
  await using dataway = await startDataway();
  assertEquals(await post(dataway), 200);
  assertEquals(await post(dataway, { path: "/v1/write/logging" }), 200);
  assertEquals(dataway.violations, []);
  assertEquals(dataway.points().length, 2);
  assertEquals(dataway.points("logging").length, 1);
  assertEquals(dataway.points("metric", "mem").length, 0);
  const [point] = dataway.points("metric", "cpu");
  assert(point !== undefined);
  assertEquals([...point.tags, ...point.fields], [["host", "h0"], ["load", 1.5]]);
  assertEquals([point.category, point.timeNs], ["metric", 1700000000000000001n]);
});

scenario("startDataway() refuses and records what breaks the protocol", async () => {
  await using dataway = await startDataway();
  dataway.reply(503);
  const gzip = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text));
  const cases: readonly (readonly [Overrides, number, string])[] = [
    [{ path: "/v1/write/metrics" }, 404, "no such route"],
    [{ path: "/x/v1/write/metric" }, 404, "no such route"],
    [{ token: "tkn_other" }, 403, "wrong token"],
    [{ headers: { "x-points": "2" } }, 400, "X-Points is 2 for 1 points"],
    [{ headers: { "x-pkg-id": "1" } }, 400, "X-Pkg-Id is none"],
    [{ headers: { "user-agent": "curl/8" } }, 400, "User-Agent is not ours"],
    [{ headers: { "content-type": "application/json" } }, 400, "content type application/json"],
    [{ headers: { "content-encoding": "br" } }, 400, "content encoding br"],
    [{ body: gzip("cpu 1700000000000000001\n") }, 400, "undecodable"],
    [{ body: new TextEncoder().encode(LINE) }, 400, "undecodable"],
  ];
  for (const [overrides, status, violation] of cases) {
    assertEquals(await post(dataway, overrides), status, violation);
    assertStringIncludes(dataway.violations.at(-1) ?? "", violation);
  }
  assertEquals(dataway.violations.length, cases.length);
  assertEquals(dataway.points(), []);
  assertEquals(await post(dataway), 503, "a step is left for the first request in order");
});

scenario("reply() scripts the next requests, then all get 200", async () => {
  await using dataway = await startDataway();
  dataway.reply(503, { status: 429, retryAfter: 1 }, { status: 202, delayMs: 5 });
  const statuses = [await post(dataway), await post(dataway), await post(dataway), await post(dataway)];
  assertEquals(statuses, [503, 429, 202, 200]);
  assertEquals(dataway.points().length, 2);
  dataway.reply("reset", "reset", 500);
  assertEquals(await post(dataway), 0);
  dataway.clearReplies();
  assertEquals(await post(dataway), 200);
});

scenario("waitFor() resolves with the request it waits for, and tells what came when none does", async () => {
  await using dataway = await startDataway();
  const waiting = dataway.waitFor(({ requests }) => requests.length === 1);
  await post(dataway);
  await waiting;
  const error = await assertRejects(
    () => dataway.waitFor(({ requests }) => requests.length === 2, 10),
    Error,
  );
  assertStringIncludes(error.message, "/v1/write/metric 1 points 200");
});

scenario("dispose() cuts what hangs or drips", async () => {
  const dataway = await startDataway();
  dataway.reply("hang", "drip");
  const hanging = post(dataway);
  await dataway.waitFor(({ requests }) => requests.length === 1);
  using client = Deno.createHttpClient({ http2: false });
  const dripping = await fetch(`${dataway.url.replace("?", "/v1/write/metric?")}`, {
    method: "POST",
    headers: HEADERS,
    body: new Uint8Array(gzipSync(LINE)),
    client,
  });
  await dataway[Symbol.asyncDispose]();
  assertEquals(await hanging, 0);
  await assertRejects(() => dripping.text());
});

scenario(
  "startDataway() refuses connections while it is down and takes uploads when it is up again",
  async () => {
    await using dataway = await startDataway();
    assertEquals(await post(dataway), 200);
    dataway.otherwise("hang");
    const hanging = post(dataway);
    await dataway.waitFor(({ requests }) => requests.length === 2);
    await dataway.down();
    assertEquals(await hanging, 0);
    assertEquals(await post(dataway), 0);
    dataway.otherwise(200);
    dataway.up();
    assertEquals(await post(dataway), 200);
    assertEquals(dataway.points().length, 2);
  },
);

scenario("startDataway() answers nothing over connections it was told to forget", async () => {
  await using dataway = await startDataway();
  using client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 1 });
  const ask = async (signal: AbortSignal): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${dataway.port}/`, { client, signal });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask(AbortSignal.timeout(5000)), 404);
  dataway.forgetConnections();
  await assertRejects(() => ask(AbortSignal.timeout(100)));
  assertEquals(dataway.requests.length, 1);
  assertEquals(await post(dataway), 200);
});

scenario(
  "startDataway() keeps nothing of uploads that are only watched, and reads none that are only counted",
  async () => {
    for (const [uploads, points, undecodable] of [["watch", 1, 400], ["count", 0, 200]] as const) {
      const seen: (readonly [points: number, status: number])[] = [];
      await using dataway = await startDataway({
        uploads,
        onUpload: (upload) => void seen.push([upload.points.length, upload.status]),
      });
      dataway.otherwise((decoded) => decoded === points ? 200 : 500);
      assertEquals(await post(dataway), 200);
      assertEquals(await post(dataway, { body: new Uint8Array([1, 2, 3]) }), undecodable);
      assertEquals(await post(dataway, { headers: { "x-pkg-id": "none" } }), 400);
      assertEquals(seen, [[points, 200], [0, undecodable], [points, 400]]);
      assertEquals(dataway.requests, []);
    }
  },
);

scenario("resetWaiting() closes what hangs now, and nothing else", async () => {
  await using dataway = await startDataway();
  // `fetch` tries once more over another connection.
  dataway.reply("hang", "reset");
  const hanging = post(dataway);
  await dataway.waitFor(({ requests }) => requests.length === 1);
  dataway.resetWaiting();
  assertEquals(await hanging, 0);
  assertEquals(await post(dataway), 200);
});
