import { gunzipSync } from "node:zlib";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { DatawayEndpoint } from "../../src/config/dataway.ts";
import { createDatawayExporter, type DatawayExporterOptions } from "../../src/dataway/exporter.ts";
import type { HttpAnswer, HttpRequest } from "../../src/dataway/http/message.ts";
import type { Batch, Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import { batchOfPoints, pointsOf, testPoint } from "../support/points.ts";

const A: DatawayEndpoint = { base: "https://a.example", query: "token=tkn_aaaaaa", token: "tkn_aaaaaa" };
const B: DatawayEndpoint = { base: "https://b.example", query: "token=tkn_bbbbbb", token: "tkn_bbbbbb" };
const NO_LIMIT = new AbortController().signal;
const ONE: Batch = batchOfPoints([testPoint("one", "metric")]);
const TWO: Batch = batchOfPoints([testPoint("one"), testPoint("two")]);

interface Call {
  readonly url: string;
  readonly init: HttpRequest;
}

function answer(status: number, text = "", headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, text, headers: new Headers(headers) };
}

/** An exporter whose uploads get `answers` in order: a status, an answer, or an error to throw. */
function exporterWith(
  answers: readonly (number | HttpAnswer | Error)[],
  options: Partial<DatawayExporterOptions> = {},
): { exporter: Exporter & AsyncDisposable; calls: Call[] } {
  const calls: Call[] = [];
  const left = [...answers];
  const exporter = createDatawayExporter({
    endpoints: [A],
    encoding: {
      contentType: "text/test",
      encode: (points, { texts }) =>
        new TextEncoder().encode(`${pointsOf(points).length} points ${[...texts].join()}`),
      growth: ({ texts }) => texts.size,
    },
    commonTags: () => new Map([["region", "x"]]),
    commonKeys: createCommonKeys([]),
    maxRawBodyBytes: 1000,
    timeoutMs: 60_000,
    gzip: true,
    now: () => 0,
    version: "2.0.0",
    send: (url, init) => {
      calls.push({ url, init });
      const next = left.shift() ?? 500;
      if (next instanceof Error) return Promise.reject(next);
      return Promise.resolve(typeof next === "number" ? answer(next) : next);
    },
    ...options,
  });
  return { exporter, calls };
}

function hang(_url: string, { signal }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

Deno.test("export() posts the encoded batch to its category, gzipped, with its headers", async () => {
  const { exporter, calls } = exporterWith([204]);
  assertEquals(await exporter.export(TWO, NO_LIMIT), { status: "success" });
  assertEquals(calls.length, 1);
  assertEquals(calls[0]?.url, "https://a.example/v1/write/logging?token=tkn_aaaaaa");
  const init = calls[0]?.init;
  assert(init !== undefined);
  assertEquals(init.method, "POST");
  assertEquals(init.headers["content-type"], "text/test");
  assertEquals(init.headers["content-encoding"], "gzip");
  assertEquals(init.headers["x-points"], "2");
  assertEquals(new TextDecoder().decode(gunzipSync(init.body)), "2 points region,x");
});

Deno.test("export() posts plain bodies without saying gzip when told so", async () => {
  const { exporter, calls } = exporterWith([200], { gzip: false });
  await exporter.export(ONE, NO_LIMIT);
  assertEquals(new TextDecoder().decode(calls[0]?.init.body), "1 points region,x");
  assertEquals(calls[0]?.init.headers["content-encoding"], undefined);
});

Deno.test("pointOverheadBytes() asks the encoding for what the common tags of now add", () => {
  const { exporter } = exporterWith([]);
  assertEquals([exporter.pointOverheadBytes(), exporter.maxBatchBytes, exporter.name], [
    1,
    1000,
    "dataway",
  ]);
});

Deno.test("export() reports a body above the limit as too large without posting it", async () => {
  const encoding = {
    contentType: "t",
    encode: () => new Uint8Array(1001),
    growth: () => 0,
  };
  const { exporter, calls } = exporterWith([200], { encoding });
  assertEquals(await exporter.export(TWO, NO_LIMIT), {
    status: "too_large",
    error: "Cannot send a body above 1000 bytes: 1001",
  });
  assertEquals(calls.length, 0);
  assertEquals((await exporter.export(ONE, NO_LIMIT)).status, "success");
});

Deno.test("export() gives up a batch that cannot be encoded", async () => {
  const encode = (): never => {
    throw new RangeError("no such thing");
  };
  const { exporter } = exporterWith([], {
    encoding: { contentType: "t", encode, growth: () => 0 },
  });
  assertEquals(await exporter.export(ONE, NO_LIMIT), {
    status: "failure",
    error: "Cannot encode: RangeError: no such thing",
    reason: "rejected",
  });
});

Deno.test("export() asks the next Dataway when one is out of order, and that one first from then on", async () => {
  let nowMs = 0;
  const { exporter, calls } = exporterWith([503, 200, 200, 200], { endpoints: [A, B], now: () => nowMs });
  assertEquals((await exporter.export(ONE, NO_LIMIT)).status, "success");
  assertEquals((await exporter.export(ONE, NO_LIMIT)).status, "success");
  nowMs = 60_000;
  assertEquals((await exporter.export(ONE, NO_LIMIT)).status, "success");
  assertEquals(calls.map((call) => new URL(call.url).host), [
    "a.example",
    "b.example",
    "b.example",
    "a.example",
  ]);
  assertEquals(calls[0]?.init.headers["x-pkg-id"], calls[1]?.init.headers["x-pkg-id"]);
});

Deno.test("export() asks the next Dataway when one refuses the token, not when it refuses the data", async () => {
  const forbidden = exporterWith([403, 200], { endpoints: [A, B] });
  assertEquals((await forbidden.exporter.export(ONE, NO_LIMIT)).status, "success");
  for (const status of [400, 413]) {
    const refused = exporterWith([status, 200], { endpoints: [A, B] });
    await refused.exporter.export(ONE, NO_LIMIT);
    assertEquals(refused.calls.length, 1);
  }
});

Deno.test("export() keeps a batch that any Dataway may take later, and waits only if all ask for it", async () => {
  const wait = (seconds: number): HttpAnswer => answer(429, "", { "retry-after": String(seconds) });
  const resultOf = async (...answers: (number | HttpAnswer)[]): Promise<ExportResult> =>
    await exporterWith(answers, { endpoints: [A, B] }).exporter.export(ONE, NO_LIMIT);
  assertEquals(await resultOf(wait(9), wait(5)), {
    status: "retryable",
    error: "Dataway answered 429; Dataway answered 429",
    retryAfterMs: 5000,
  });
  assertEquals(await resultOf(wait(9), 500), {
    status: "retryable",
    error: "Dataway answered 429; Dataway answered 500",
  });
  assertEquals(await resultOf(403, 500), { status: "retryable", error: "Dataway answered 500" });
  assertEquals(await resultOf(403, 401), {
    status: "failure",
    error: "Dataway answered 403",
    reason: "forbidden",
  });
});

Deno.test("export() ends with its signal, and does not ask the next Dataway then", async () => {
  const controller = new AbortController();
  let calls = 0;
  const { exporter } = exporterWith([], {
    endpoints: [A, B],
    send: (url, init) => {
      calls++;
      const hanging = hang(url, init);
      controller.abort(new DOMException("Deadline", "AbortError"));
      return hanging;
    },
  });
  assertEquals(await exporter.export(ONE, controller.signal), {
    status: "retryable",
    error: "Cannot reach https://a.example: AbortError: Deadline",
  });
  assertEquals(calls, 1);
  assertEquals((await exporter.export(ONE, controller.signal)).status, "retryable");
  assertEquals(calls, 1);
});

Deno.test("export() keeps a batch that one Dataway refuses for good when no time is left to ask the next", async () => {
  const controller = new AbortController();
  const { exporter } = exporterWith([], {
    endpoints: [A, B],
    send: () => {
      controller.abort();
      return Promise.resolve(answer(403));
    },
  });
  assertEquals((await exporter.export(ONE, controller.signal)).status, "retryable");
});

Deno.test("export() ends an upload that takes longer than its timeout", async () => {
  const { exporter } = exporterWith([], { send: hang, timeoutMs: 5 });
  assertEquals(await exporter.export(ONE, NO_LIMIT), {
    status: "retryable",
    error: "Cannot reach https://a.example: TimeoutError: No answer within 5 ms",
  });
});

Deno.test("export() is retryable while no Dataway is known", async () => {
  const { exporter } = exporterWith([], { endpoints: [] });
  assertEquals(await exporter.export(ONE, NO_LIMIT), {
    status: "retryable",
    error: "No Dataway to upload to",
  });
});

Deno.test("export() never shows a token, whether an error, an answer or a redirect quotes it", async () => {
  const quoting = [
    new TypeError(
      "error sending request for url (https://a.example/v1/write/metric?token=tkn_aaaaaa): closed",
    ),
    new TypeError("bad tkn_aaaaaa"),
    answer(401, "no such token: tkn_aaaaaa"),
    answer(307, "", { location: "https://x.example/tkn_aaaaaa?token=tkn_aaaaaa" }),
  ];
  for (const quote of quoting) {
    const result = await exporterWith([quote]).exporter.export(ONE, NO_LIMIT);
    assertFalse(JSON.stringify(result).includes("tkn_aaaaaa"), JSON.stringify(result));
  }
});

Deno.test("dispose() ends uploads under way as retryable and takes no more", async () => {
  const { exporter } = exporterWith([], { send: hang });
  const result = exporter.export(ONE, NO_LIMIT);
  await exporter[Symbol.asyncDispose]();
  await exporter[Symbol.asyncDispose]();
  const { status, error } = await result as ExportResult & { error: string };
  assertEquals(status, "retryable");
  assertStringIncludes(error, "The exporter was closed");
  assertEquals((await exporter.export(ONE, NO_LIMIT)).status, "retryable");
});
