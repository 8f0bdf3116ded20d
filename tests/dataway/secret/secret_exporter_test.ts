import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { type DatawayEndpoint, parseSecretEndpoints } from "../../../src/config/dataway.ts";
import { createSecretExporter, type SecretExporter } from "../../../src/dataway/secret/secret_exporter.ts";
import type { ExportResult } from "../../../src/pipeline/exporter.ts";
import { batchOfPoints, testPoint } from "../../support/points.ts";

const BATCH = batchOfPoints([testPoint("a")]);
const never = new AbortController().signal;

interface Harness {
  readonly exporter: SecretExporter;
  /** Tokens in the order in which batches were sent with them. */
  readonly tokens: string[];
  readonly lines: string[];
  asks: number;
  now: number;
  secret: () => Promise<string>;
  answer: (token: string) => ExportResult;
}

function newHarness(urls = ""): Harness {
  const lines: string[] = [];
  const tokens: string[] = [];
  const harness: Omit<Harness, "exporter"> = {
    tokens,
    lines,
    asks: 0,
    now: 1_000_000,
    secret: () => Promise.resolve("https://openway.example?token=tkn_first"),
    answer: () => ({ status: "success" }),
  };
  const exporter = createSecretExporter({
    endpointsOf: (value) => parseSecretEndpoints(value, urls),
    readSecret: () => {
      harness.asks++;
      return harness.secret();
    },
    exporterTo: (endpoints: readonly DatawayEndpoint[]) => ({
      name: "test",
      maxBatchBytes: 1000,
      pointOverheadBytes: () => 0,
      export: () => {
        const token = endpoints[0]?.token ?? "";
        tokens.push(token);
        return Promise.resolve(harness.answer(token));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
    log: createLogger({ write: (line) => lines.push(line) }),
    now: () => harness.now,
  });
  return Object.assign(harness, { exporter });
}

Deno.test("secret exporter sends as soon as the secret is known, and asks once", async () => {
  const harness = newHarness();
  harness.exporter.prepare();
  assertEquals(await harness.exporter.export(BATCH, never), { status: "success" });
  await harness.exporter.export(BATCH, never);
  assertEquals([harness.tokens, harness.asks], [["tkn_first", "tkn_first"], 1]);
});

Deno.test("secret exporter adds a bare token to the URL of ENV_DATAWAY", async () => {
  const harness = newHarness("https://openway.example");
  harness.secret = () => Promise.resolve(" tkn_bare\n");
  await harness.exporter.export(BATCH, never);
  assertEquals(harness.tokens, ["tkn_bare"]);
});

Deno.test("secret exporter holds a batch no longer than its signal while AWS does not answer", async () => {
  const harness = newHarness();
  harness.secret = () => new Promise(() => {});
  const abort = new AbortController();
  const sent = harness.exporter.export(BATCH, abort.signal);
  abort.abort();
  assertEquals((await sent).status, "retryable");
});

Deno.test("secret exporter holds data and says so once when the secret cannot be read, and asks again", async () => {
  const harness = newHarness();
  harness.secret = () => Promise.reject(new Error("AccessDeniedException"));
  assertEquals((await harness.exporter.export(BATCH, never)).status, "retryable");
  assertEquals((await harness.exporter.export(BATCH, never)).status, "retryable");
  assertEquals([harness.asks, harness.lines.length], [2, 1]);
});

Deno.test("secret exporter never prints a token, also of a secret it cannot use", async () => {
  const harness = newHarness();
  harness.secret = () => Promise.resolve("ftp://host?token=tkn_hidden");
  await harness.exporter.export(BATCH, never);
  assertEquals(harness.lines.join().includes("tkn_hidden"), false);
});

Deno.test("secret exporter takes a refused token for a rotated one before it gives data up", async () => {
  const harness = newHarness();
  harness.answer = (token) =>
    token === "tkn_first" ? { status: "failure", reason: "forbidden", error: "403" } : { status: "success" };
  await harness.exporter.export(BATCH, never);
  harness.secret = () => Promise.resolve("https://openway.example?token=tkn_second");
  assertEquals((await harness.exporter.export(BATCH, never)).status, "failure", "asked a moment ago");
  harness.now += 60_000;
  assertEquals((await harness.exporter.export(BATCH, never)).status, "success");
  assertEquals(harness.tokens.at(-1), "tkn_second");
});

Deno.test("secret exporter refreshes an old secret in the background", async () => {
  const harness = newHarness();
  await harness.exporter.export(BATCH, never);
  harness.secret = () => Promise.resolve("https://openway.example?token=tkn_second");
  harness.now += 3_600_001;
  await harness.exporter.export(BATCH, never);
  await harness.exporter.export(BATCH, never);
  assertEquals(harness.tokens, ["tkn_first", "tkn_first", "tkn_second"]);
});
