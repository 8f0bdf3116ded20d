/** What every OpenTelemetry client sends, as it must arrive. The programs are named `otlp` in each language. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { ClientCase } from "./language.ts";
import type { ClientRun } from "./run_client.ts";
import { BASE_NS, checkAccount, parseObject, pick, pointsOf } from "./scenario.ts";

/** One OpenTelemetry SDK over one protocol. */
export interface OtlpClient {
  readonly client: string;
  readonly program: string;
  readonly args?: readonly string[];
  /** As in `OTEL_EXPORTER_OTLP_PROTOCOL`. */
  readonly protocol: "http/protobuf" | "http/json" | "grpc";
  readonly gzip?: boolean;
  /** The client is told to send changes, not totals. */
  readonly delta?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly setup: string;
  /** Lines of the client's own log that say nothing bad. */
  readonly expectedLog?: readonly RegExp[];
}

const VERIFIED =
  "5 spans of all kinds with ids, parents, ns times, attributes of all types, event, link and error; " +
  "7 instruments, both histograms among them; 9 log records of all levels";

/** Spans of all kinds, metrics of all kinds, logs of all levels: each with its values, ids and times. */
export function otlpCase(options: OtlpClient): ClientCase {
  const { client, program, args = [], protocol, gzip = false, delta = false, setup } = options;
  return {
    client,
    program,
    args,
    protocol: `OTLP ${protocol}${gzip ? ", gzip" : ""}${delta ? ", delta" : ""}`,
    env: {
      OTEL_SERVICE_NAME: "orders",
      OTEL_RESOURCE_ATTRIBUTES: "service.version=1.2.3,deployment.environment.name=test",
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      ...(gzip ? { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" } : {}),
      ...(delta ? { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta" } : {}),
      ...options.env,
    },
    setup,
    verified: VERIFIED,
    check: (run) => {
      checkSpans(run);
      checkMetrics(run, delta);
      checkLogs(run);
      const all = pointsOf(run, "tracing", "opentelemetry").length +
        pointsOf(run, "metric", "otel_service").length + pointsOf(run, "logging", "orders").length;
      checkAccount(run, "otlp", all, options.expectedLog);
    },
  };
}

const SPAN_NAMES = ["GET /orders/{id}", "SELECT orders", "compute", "deliver", "publish"];
/** The six levels, and what each is on the scale of all logs. */
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const STATUSES = ["debug", "debug", "info", "warning", "error", "critical"];
/** Clocks of one machine, read by different means. */
const SLACK_NS = 1_000_000_000n;

function checkSpans(run: ClientRun): void {
  const spans = pointsOf(run, "tracing", "opentelemetry");
  assertEquals(spans.map(({ fields }) => String(fields.get("resource"))).sort(), SPAN_NAMES);
  const named = (name: string): ReceivedPoint => {
    const found = spans.find(({ fields }) => fields.get("resource") === name);
    assert(found !== undefined);
    return found;
  };

  const shape = (name: string): unknown[] => {
    const { tags, fields, timeNs } = named(name);
    return [
      tags.get("span_kind"),
      tags.get("status"),
      timeNs - BASE_NS,
      fields.get("start"),
      fields.get("duration"),
    ];
  };
  // A status that was never set is told by some SDKs and left out by others.
  const unset = (name: string): string => named(name).tags.get("status") === "ok" ? "ok" : "info";
  assertEquals(shape("GET /orders/{id}"), [
    "server",
    unset("GET /orders/{id}"),
    123_456_789n,
    1_767_225_600_123_456n,
    864_197n,
  ]);
  assertEquals(shape("SELECT orders"), [
    "client",
    "error",
    200_000_000n,
    1_767_225_600_200_000n,
    100_000n,
  ]);
  assertEquals(shape("publish"), ["producer", "ok", 400_000_000n, 1_767_225_600_400_000n, 100_000n]);
  assertEquals(shape("deliver"), [
    "consumer",
    unset("deliver"),
    510_000_000n,
    1_767_225_600_510_000n,
    10_000n,
  ]);
  assertEquals(shape("compute"), [
    "internal",
    unset("compute"),
    600_000_000n,
    1_767_225_600_600_000n,
    1n,
  ]);

  const ids = run.report.spans ?? {};
  assertMatch(run.report.traceId ?? "", /^[0-9a-f]{32}$/);
  for (const name of SPAN_NAMES) {
    const parent = name === "GET /orders/{id}"
      ? "0"
      : name === "deliver"
      ? ids["publish"]
      : ids["GET /orders/{id}"];
    assertEquals(pick(named(name).fields, ["trace_id", "span_id", "parent_id"]), {
      trace_id: run.report.traceId,
      span_id: ids[name],
      parent_id: parent,
    });
  }
  checkRoot(named("GET /orders/{id}"), run.report.big ?? "");
  checkDatabase(named("SELECT orders"), run.report.errorType ?? "");
  checkPublish(named("publish"));
}

function checkRoot({ tags, fields }: ReceivedPoint, big: string): void {
  assertEquals(pick(tags, ["service", "source", "source_type", "span_type", "http_status_code"]), {
    service: "orders",
    source: "opentelemetry",
    source_type: "web",
    span_type: "entry",
    http_status_code: "200",
  });
  assertEquals(pick(fields, ["http_method", "url_path"]), { http_method: "GET", url_path: "/orders/7" });
  const message = parseObject(fields.get("message"));
  assertEquals(attributesOf(message.attributes), {
    "app.text": { stringValue: "héllo wörld 中文 🚀" },
    "app.big": { intValue: big },
    "app.double": { doubleValue: 0.1 },
    "app.flag": { boolValue: true },
    "app.empty": { stringValue: "" },
    "app.texts": { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "bü" }] } },
    "app.integers": { arrayValue: { values: [{ intValue: "1" }, { intValue: "-2" }, { intValue: "3" }] } },
    "app.doubles": { arrayValue: { values: [{ doubleValue: 0.5 }, { doubleValue: 1.25 }] } },
    "app.flags": { arrayValue: { values: [{ boolValue: true }, { boolValue: false }] } },
  });
  const resource = attributesOf(parseObject(JSON.stringify(message.resource)).attributes);
  assertEquals(resource["service.version"], { stringValue: "1.2.3" });
  assertEquals(resource["deployment.environment.name"], { stringValue: "test" });
  assertEquals(parseObject(JSON.stringify(message.scope)).name, "clients");
}

function checkDatabase({ tags, fields }: ReceivedPoint, errorType: string): void {
  assertEquals(pick(tags, ["service", "base_service", "source_type", "db_host"]), {
    service: "postgresql",
    base_service: "orders",
    source_type: "db",
    db_host: "db.local",
  });
  assertEquals(pick(fields, ["db_system", "db_statement", "error_message", "error_type"]), {
    db_system: "postgresql",
    db_statement: "SELECT * FROM orders WHERE id = $1",
    error_message: "connection reset",
    error_type: errorType,
  });
  assert(fields.has("error_stack"));
}

function checkPublish({ tags, fields }: ReceivedPoint): void {
  assertEquals(tags.get("source_type"), "message_queue");
  const { events, links } = parseObject(fields.get("message"));
  assert(Array.isArray(events) && Array.isArray(links));
  assertEquals(
    events.map(({ name, timeUnixNano, attributes }) => [name, timeUnixNano, attributesOf(attributes)]),
    [
      ["queued", "1767225600450000000", {
        "queue.name": { stringValue: "büro" },
        "queue.length": { intValue: "3" },
      }],
    ],
  );
  assertEquals(links.map(({ traceId, spanId, attributes }) => [traceId, spanId, attributesOf(attributes)]), [
    ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", { "link.kind": { stringValue: "follows" } }],
  ]);
}

function checkMetrics(run: ClientRun, delta: boolean): void {
  // Java's SDK sends its own metrics along.
  const points = pointsOf(run, "metric", "otel_service").filter(({ tags }) =>
    tags.get("scope_name") === "clients"
  );
  /** Values of a field, by the tags that tell its series apart. */
  const series = (field: string, ...tags: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(
      points.filter(({ fields }) => fields.has(field)).map((point) => [
        tags.map((tag) => point.tags.get(tag)).join(),
        point.fields.get(field),
      ]),
    );
  assertEquals(series("orders.placed", "tier"), { gold: 7n, "büro": 1n });
  assertEquals(series("orders.amount", "unit"), { EUR: 0.30000000000000004 });
  assertEquals(series("orders.bytes"), { "": BigInt(run.report.big ?? "") });
  assertEquals(series("orders.open"), { "": -3n });
  assertEquals(series("queue.fill"), { "": 0.75 });
  assertEquals(series("queue.length", "queue"), { a: 42n });
  for (
    const [field, value] of [
      ["order.duration_min", 1],
      ["order.duration_max", 12000],
      ["order.duration_sum", 12315],
      ["order.duration_count", { unsigned: 5n }],
      ["order.size_min", 0],
      ["order.size_max", 4],
      ["order.size_sum", 7],
      ["order.size_count", { unsigned: 4n }],
    ] as const
  ) assertEquals(series(field), { "": value }, field);
  assertEquals(series("order.duration_bucket", "unit", "le"), {
    "ms,0": { unsigned: 0n },
    "ms,5": { unsigned: 1n },
    "ms,10": { unsigned: 3n },
    "ms,25": { unsigned: 3n },
    "ms,50": { unsigned: 3n },
    "ms,75": { unsigned: 3n },
    "ms,100": { unsigned: 3n },
    "ms,250": { unsigned: 3n },
    "ms,500": { unsigned: 4n },
    "ms,750": { unsigned: 4n },
    "ms,1000": { unsigned: 4n },
    "ms,2500": { unsigned: 4n },
    "ms,5000": { unsigned: 4n },
    "ms,7500": { unsigned: 4n },
    "ms,10000": { unsigned: 4n },
    "ms,+Inf": { unsigned: 5n },
  });
  // Powers of two are bounds at every scale that an SDK may choose.
  assertEquals(series("order.size_bucket", "le"), {
    "0": { unsigned: 1n },
    "1": { unsigned: 2n },
    "2": { unsigned: 3n },
    "4": { unsigned: 4n },
    "+Inf": { unsigned: 4n },
  });
  // 7 numbers, 2 summaries, 16 and 5 buckets.
  assertEquals(points.length, 30, "points of metrics");
  for (const { tags, timeNs } of points) {
    assertEquals(tags.get("service_version"), "1.2.3");
    assert(timeNs >= run.startedNs - SLACK_NS && timeNs <= run.endedNs + SLACK_NS, `time ${timeNs}`);
  }
  const placed = points.find(({ fields }) => fields.has("orders.placed"));
  const hasInstance = placed?.tags.has("faas_instance") || placed?.tags.has("service_instance_id");
  if (delta) assert(!placed?.tags.has("faas_instance"));
  else assert(hasInstance, "totals of parallel sandboxes must be told apart");
}

function checkLogs(run: ClientRun): void {
  const logs = pointsOf(run, "logging", "orders");
  const times = new Map(logs.map(({ fields, timeNs }) => [fields.get("message"), timeNs - BASE_NS]));
  const unicode = '日本語 🚀 "quoted"\nsecond line';
  assertEquals(
    times,
    new Map([
      ...LEVELS.map((level, index) => [`level ${level}`, BigInt(index) * 1_000_000_000n + 5000n] as const),
      [unicode, 6_000_005_000n],
      ['{"a":1,"b":[true,"x"]}', 7_000_005_000n],
      ["event", 8_000_005_000n],
    ]),
  );
  assertEquals(logs.length, 9, "log records");
  for (const [index, level] of LEVELS.entries()) {
    const log = logs.find(({ fields }) => fields.get("message") === `level ${level}`);
    assertEquals([log?.tags.get("status"), log?.fields.get("severity_text")], [
      STATUSES[index],
      level.toUpperCase(),
    ]);
    assertEquals(log?.tags.get("service"), "orders");
  }
  const inSpan = logs.find(({ fields }) => fields.get("message") === unicode);
  assertEquals(
    pick(inSpan?.fields ?? new Map(), [
      "trace_id",
      "span_id",
      "app_big",
      "app_double",
      "app_flag",
      "app_texts",
      "service_version",
    ]),
    {
      trace_id: run.report.traceId,
      span_id: run.report.spans?.["GET /orders/{id}"],
      app_big: BigInt(run.report.big ?? ""),
      app_double: 0.1,
      app_flag: true,
      app_texts: '["a","bü"]',
      service_version: "1.2.3",
    },
  );
  const event = logs.find(({ fields }) => fields.get("message") === "event");
  assertEquals(event?.fields.get("event_name"), "order.created");
}

/** Attributes as OTLP/JSON lists them, by key. */
function attributesOf(list: unknown): Record<string, unknown> {
  assert(Array.isArray(list));
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}
