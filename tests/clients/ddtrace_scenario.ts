/** What every Datadog tracer sends, as it must arrive. The programs are named for the tracer in each language. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { ClientCase } from "./language.ts";
import type { ClientRun } from "./run_client.ts";
import { BASE_NS, checkAccount, parseObject, pick, pointsOf } from "./scenario.ts";

/** One tracer. */
export interface DdtraceClient {
  readonly client: string;
  readonly program: string;
  /** The format that the tracer chooses, without being told. */
  readonly version: "v0.4" | "v0.5" | "v1.0";
  readonly env?: Readonly<Record<string, string>>;
  readonly setup: string;
  /** The tracer has an interface for events and links. @default true */
  readonly events?: boolean;
  /** Lines of the client's own log that say nothing bad. */
  readonly expectedLog?: readonly RegExp[];
  /** What is verified besides, and how. */
  readonly more?: { readonly verified: string; readonly check: (run: ClientRun) => void };
}

/** A trace of three spans: ids, parents, times, texts and numbers, an error, an event and a link. */
export function ddtraceCase(options: DdtraceClient): ClientCase {
  const { client, program, version, env, setup, events = true, more } = options;
  return {
    client,
    program,
    protocol: `ddtrace ${version}`,
    env: { DD_SERVICE: "shop", DD_ENV: "test", DD_VERSION: "1.2.3", ...env },
    setup,
    verified: "3 spans with 128-bit ids, parents, ns times, tags, numbers, error with stack" +
      (events ? ", event, link" : "") + (more === undefined ? "" : `; ${more.verified}`),
    check: (run) => {
      const spans = pointsOf(run, "tracing", "ddtrace");
      assertEquals(spans.map(({ tags }) => String(tags.get("operation"))).sort(), [
        "db.query",
        "web.request",
        "work",
      ]);
      const named = (operation: string): ReceivedPoint => {
        const found = spans.find(({ tags }) => tags.get("operation") === operation);
        assert(found !== undefined);
        return found;
      };
      checkTree(run, named);
      checkRoot(named("web.request"));
      checkDatabase(named("db.query"), run.report.errorType ?? "");
      if (events) checkWork(named("work"), run.report);
      checkAccount(run, "ddtrace", spans.length, options.expectedLog);
      more?.check(run);
    },
  };
}

function checkTree(run: ClientRun, named: (operation: string) => ReceivedPoint): void {
  const { traceId = "", spans: ids = {} } = run.report;
  assertMatch(traceId, /^[0-9a-f]{32}$/);
  // 128 bits, the upper half being the time.
  assert(!traceId.startsWith("0000000000000000"));
  const shape = (operation: string): Record<string, unknown> => {
    const { tags, fields, timeNs } = named(operation);
    return {
      time: timeNs - BASE_NS,
      status: tags.get("status"),
      ...pick(fields, ["trace_id", "span_id", "parent_id", "start", "duration"]),
    };
  };
  assertEquals(shape("web.request"), {
    time: 128_000_000n,
    status: "ok",
    trace_id: traceId,
    span_id: ids["root"],
    parent_id: "0",
    start: 1_767_225_600_128_000n,
    duration: 872_000n,
  });
  assertEquals(shape("db.query"), {
    time: 200_000_000n,
    status: "error",
    trace_id: traceId,
    span_id: ids["database"],
    parent_id: ids["root"],
    start: 1_767_225_600_200_000n,
    duration: 300_000n,
  });
  assertEquals(shape("work"), {
    time: 600_000_000n,
    status: "ok",
    trace_id: traceId,
    span_id: ids["work"],
    parent_id: ids["root"],
    start: 1_767_225_600_600_000n,
    duration: 400_000n,
  });
}

function checkRoot({ tags, fields }: ReceivedPoint): void {
  assertEquals(
    pick(tags, [
      "service",
      "env",
      "version",
      "source",
      "source_type",
      "span_type",
      "span_kind",
      "http_method",
      "http_status_code",
      "http_status_class",
      "http_url",
    ]),
    {
      service: "shop",
      env: "test",
      version: "1.2.3",
      source: "ddtrace",
      source_type: "web",
      span_type: "entry",
      span_kind: "server",
      http_method: "GET",
      http_status_code: "200",
      http_status_class: "2xx",
      http_url: "http://shop.example/orders/7",
    },
  );
  assertEquals(fields.get("resource"), "GET /orders/{id}");
  const { meta, metrics } = parseObject(fields.get("message"));
  const texts = parseObject(JSON.stringify(meta));
  const numbers = parseObject(JSON.stringify(metrics));
  assertEquals(texts["app.text"], "héllo wörld 中文 🚀");
  assertEquals([numbers["app.number"], numbers["app.integer"]], [0.1, 42]);
  // Tracers have no booleans: each writes them in its own way.
  assert(["1", "true", "True"].includes(String(texts["app.flag"] ?? numbers["app.flag"])));
}

function checkDatabase({ tags, fields }: ReceivedPoint, errorType: string): void {
  assertEquals(pick(tags, ["source_type", "span_kind", "error_message", "error_type"]), {
    source_type: "db",
    span_kind: "client",
    error_message: "connection reset",
    error_type: errorType,
  });
  assertEquals(fields.get("resource"), "SELECT orders");
  // A stack trace keeps its lines.
  assert(String(fields.get("error_stack")).includes("\n"));
}

function checkWork({ fields }: ReceivedPoint, { traceId, spans }: ClientRun["report"]): void {
  const message = String(fields.get("message"));
  const { span_events: events, span_links: links } = parseObject(message);
  assert(Array.isArray(events) && Array.isArray(links), message);
  assertEquals(events.map(({ name, attributes }) => [name, attributes]), [
    ["step", { "step.name": "büro", "step.count": 3 }],
  ]);
  assert(message.includes('"time_unix_nano":1767225600650000000'), message);
  assertEquals(links.map(({ trace_id, span_id, attributes }) => [trace_id, span_id, attributes]), [
    [traceId, BigInt(spans?.["root"] ?? 0).toString(16).padStart(16, "0"), { "link.kind": "follows" }],
  ]);
}
