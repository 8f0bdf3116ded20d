/** Batches whose bodies take long to make: the same bytes for Dataway, and the event loop runs meanwhile. */
import { gunzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { createDatawayExporter, type DatawayExporterOptions } from "../../src/dataway/exporter.ts";
import type { HttpAnswer } from "../../src/dataway/http/message.ts";
import { type Batch, batchOf, type Exporter } from "../../src/pipeline/exporter.ts";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { Point } from "../../src/point/point.ts";
import { encodeRange } from "../../src/point/point_range.ts";
import { sleep } from "../emulator/waiters.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

const NO_LIMIT = new AbortController().signal;
const TAGS = new Map([["region", "eu-west-1"], ["service", "shop"], ["message", "of a point that has none"]]);
const KEYS = createCommonKeys(TAGS.keys());
/** What is given up while it is paused has its timer still. In ms. */
const PAUSED_MS = 10;
const MEGABYTES = 1024 * 1024;

interface Sent {
  readonly exporter: Exporter & AsyncDisposable;
  readonly bodies: Uint8Array[];
}

function exporterWith(options: Partial<DatawayExporterOptions>): Sent {
  const bodies: Uint8Array[] = [];
  const exporter = createDatawayExporter({
    endpoints: [{ base: "https://a.example", query: "token=tkn_a", token: "tkn_a" }],
    encoding: ENCODINGS.v2,
    commonTags: () => TAGS,
    commonKeys: KEYS,
    maxRawBodyBytes: 10 * MEGABYTES,
    timeoutMs: 60_000,
    gzip: true,
    now: () => 0,
    version: "2.0.0",
    send: (_url, { body }): Promise<HttpAnswer> => {
      bodies.push(body.slice());
      return Promise.resolve({ status: 200, text: "", headers: new Headers() });
    },
    ...options,
  });
  return { exporter, bodies };
}

function logs(count: number): Point[] {
  return Array.from({ length: count }, (_, n) => ({
    ...testPoint(`order ${n} of "${n % 13}" took ${n * 7} ms`),
    tags: new Map([["source", "lambda"], ["request_id", `8286a188-ba32-4475-8077-${n}`]]),
    ...(n % 10 === 0 ? { ownTagsOnly: true as const } : {}),
  }));
}

/** Points of so many bytes without any order each. */
function noise(count: number, bytes: number): Point[] {
  return Array.from({ length: count }, () => {
    const text = Array.from(
      { length: bytes / 65_536 },
      () => crypto.getRandomValues(new Uint8Array(49_152)).toBase64(),
    ).join("");
    return testPoint(text, "tracing");
  });
}

/** Points in several ranges, as segments of the store have them. */
function inRanges(points: readonly Point[], perRange: number): Batch {
  const ranges = [];
  for (let at = 0; at < points.length; at += perRange) {
    ranges.push(encodeRange(points.slice(at, at + perRange)));
  }
  return batchOf(points[0]?.category ?? "logging", ranges);
}

for (const version of ["v1", "v2"] as const) {
  scenario(`a large batch is the same body as if it were encoded at once: ${version}`, async () => {
    const encoding = ENCODINGS[version];
    const batch = inRanges([...logs(3000), testPoint("x".repeat(200_000)), ...logs(10)], 700);
    const expected = encoding.encode(batch, encodeCommonTags(TAGS, KEYS));
    for (const gzip of [true, false]) {
      const { exporter, bodies } = exporterWith({ encoding, gzip });
      assertEquals(await exporter.export(batch, NO_LIMIT), { status: "success" });
      const [body = new Uint8Array()] = bodies;
      assertEquals(gzip ? new Uint8Array(gunzipSync(body)) : body, expected);
    }
  });
}

scenario("a large batch above the limit is too large, and not posted", async () => {
  for (const gzip of [true, false]) {
    const { exporter, bodies } = exporterWith({ maxRawBodyBytes: 300_000, gzip });
    assertEquals((await exporter.export(batchOfPoints(logs(5000)), NO_LIMIT)).status, "too_large");
    assertEquals(
      (await exporter.export(batchOfPoints([testPoint("x".repeat(400_000))]), NO_LIMIT)).status,
      "success",
    );
    assertEquals(bodies.length, 1);
  }
});

scenario("the event loop runs while a batch of 30,000 lines is encoded", async () => {
  const { exporter } = exporterWith({ encoding: ENCODINGS.v1 });
  const batch = inRanges(logs(30_000), 500);
  const ms = await longestTurnMs(() => exporter.export(batch, NO_LIMIT));
  assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
});

scenario("the event loop runs while one point of megabytes is written as a line", async () => {
  const list = Array.from({ length: 100_000 }, (_, n) => `"${n}",`);
  const points = [
    testPoint('{"a":"b"}'.repeat(900_000)),
    { ...testPoint(""), fields: new Map([["list", list]]) },
    { ...testPoint(""), fields: new Map(list.slice(0, 1000).map((key) => [key, '"'.repeat(8192)])) },
  ];
  for (const point of points) {
    const { exporter } = exporterWith({ encoding: ENCODINGS.v1 });
    const batch = batchOfPoints([point]);
    const ms = await longestTurnMs(() => exporter.export(batch, NO_LIMIT));
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  }
});

scenario(
  "the event loop runs while 8 MB without any order are compressed, of many points and of one",
  async () => {
    for (const batch of [inRanges(noise(64, 131_072), 1), inRanges(noise(1, 8 * MEGABYTES), 1)]) {
      const { exporter } = exporterWith({});
      const ms = await longestTurnMs(() => exporter.export(batch, NO_LIMIT));
      assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
    }
  },
);

scenario(
  "a body that is being made ends with its upload's signal, and those that wait for it too",
  async () => {
    const { exporter, bodies } = exporterWith({ encoding: ENCODINGS.v1 });
    const over = new AbortController();
    const batch = inRanges(logs(30_000), 500);
    const results = [exporter.export(batch, over.signal), exporter.export(batch, over.signal)];
    const startedAt = performance.now();
    setTimeout(() => over.abort(), 10);
    const states = (await Promise.all(results)).map(({ status }) => status);
    assertEquals(states, ["retryable", "retryable"]);
    assert(performance.now() - startedAt < 80);
    assertEquals(bodies, []);
    await sleep(PAUSED_MS);
  },
);

scenario("of several large batches the first is sent before the second is made", async () => {
  const log: string[] = [];
  const { exporter } = exporterWith({
    encoding: {
      ...ENCODINGS.v2,
      pieces: (points, common) => {
        log.push(points.category);
        return ENCODINGS.v2.pieces?.(points, common) ?? [];
      },
    },
    send: (url): Promise<HttpAnswer> => {
      log.push(`POST ${url.split("/").at(-1)?.split("?")[0]}`);
      return Promise.resolve({ status: 200, text: "", headers: new Headers() });
    },
  });
  const tracing = logs(1000).map((point): Point => ({ ...point, category: "tracing" }));
  await Promise.all([
    exporter.export(batchOfPoints(logs(1000)), NO_LIMIT),
    exporter.export(batchOfPoints(tracing), NO_LIMIT),
  ]);
  const order = log.filter((entry, index) => entry !== log[index - 1]);
  assertEquals(order.length, 4);
  assert(order.indexOf("POST logging") <= 2, order.join());
});
