import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createFilterPull } from "../../src/dataway/filter_pull.ts";
import type { HttpAnswer } from "../../src/dataway/http/message.ts";
import type { Exporter } from "../../src/pipeline/exporter.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";

const ENDPOINT = { base: "https://a.example/x", query: "token=tkn_aaaaaa", token: "tkn_aaaaaa" };
const BATCH = batchOfPoints([testPoint("one")]);
const NO_LIMIT = new AbortController().signal;

interface Harness {
  readonly urls: readonly string[];
  /** Filters that were handed on. */
  readonly taken: readonly unknown[];
  readonly lines: readonly string[];
  /** The answer to the question that got none. */
  answerLate(): Promise<void>;
  /** An upload so much later, and its status. */
  upload(afterMs?: number): Promise<string>;
}

/** A pull whose questions get `answers` in order: a body, a status, or none for ever. */
function harness(...answers: readonly (string | number | undefined)[]): Harness {
  const urls: string[] = [];
  const taken: unknown[] = [];
  const lines: string[] = [];
  const clock = { now: 1_000_000 };
  const left = [...answers];
  const late = Promise.withResolvers<HttpAnswer>();
  const pull = createFilterPull({
    send: (url): Promise<HttpAnswer> => {
      urls.push(url);
      const next = left.shift();
      if (next === undefined) return late.promise;
      const [status, text] = typeof next === "number" ? [next, ""] : [200, next];
      return Promise.resolve({ status, text, headers: new Headers() });
    },
    take: (filters) => {
      taken.push(filters);
      return filters !== "bad";
    },
    headers: () => ({}),
    log: createLogger({ write: (line) => lines.push(line), now: () => clock.now }),
    now: () => clock.now,
    random: () => 0,
  });
  const exporter: Exporter = {
    name: "test",
    maxBatchBytes: 1000,
    pointOverheadBytes: () => 0,
    export: () => Promise.resolve({ status: "success" }),
  };
  const beside = pull.beside(exporter, [ENDPOINT]);
  return {
    urls,
    taken,
    lines,
    answerLate: async () => {
      late.resolve({ status: 200, text: '{"filters":{"late":[]}}', headers: new Headers() });
      await new Promise((resolve) => setTimeout(resolve));
    },
    upload: async (afterMs = 0) => {
      clock.now += afterMs;
      const result = await beside.export(BATCH, NO_LIMIT);
      await new Promise((resolve) => setTimeout(resolve));
      return result.status;
    },
  };
}

Deno.test("filters are asked for beside an upload, at most once a minute, and taken when they changed", async () => {
  const { upload, urls, taken } = harness('{"filters":{"a":[]}}', '{"filters":{"a":[]}}', '{"filters":null}');
  for (const afterMs of [0, 1, 59_000, 1_000, 60_000]) assertEquals(await upload(afterMs), "success");
  assertEquals(urls, Array(3).fill("https://a.example/x/v1/datakit/pull?token=tkn_aaaaaa&filters=true"));
  assertEquals(taken, [{ a: [] }, {}]);
});

Deno.test("Dataway may have the filters asked for more rarely, and not more often than once a minute", async () => {
  const rare = harness('{"filters":{},"pull_interval":300000000000}', "{}");
  for (const afterMs of [0, 100_000, 250_000]) await rare.upload(afterMs);
  // The time of the second question was fixed by the first.
  assertEquals(rare.urls.length, 2);
  await rare.upload(200_000);
  assertEquals(rare.urls.length, 2);
  const often = harness('{"filters":{},"pull_interval":1000000000}', "{}");
  for (const afterMs of [0, 30_000]) await often.upload(afterMs);
  assertEquals(often.urls.length, 1);
});

Deno.test("an upload waits for no answer to the question for filters", async () => {
  const { upload, urls, taken, answerLate } = harness(undefined);
  assertEquals(await upload(), "success");
  assertEquals([urls.length, taken], [1, []]);
  await answerLate();
  assertEquals(taken, [{ late: [] }]);
});

Deno.test("filters that cannot be asked for are told of once, without the token", async () => {
  const { upload, taken, lines } = harness(500, "no JSON", 404, '{"filters":{}}', 500);
  for (let i = 0; i < 5; i++) await upload(61_000);
  assertEquals(taken, [{}]);
  assertEquals(lines.length, 2);
  assertEquals(lines.join().includes("tkn_"), false);
});
