/** Traces as random as tracers could send them, and their payloads in each version. */
import fc from "fast-check";
import { pack, type Packable } from "./support.ts";

/** A span as all versions can say it. */
export interface ArbitrarySpan {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly spanId: bigint;
  readonly parentId: bigint;
  readonly start: bigint;
  readonly duration: bigint;
  readonly error: number;
  readonly meta: ReadonlyMap<string, string>;
  readonly metrics: ReadonlyMap<string, number>;
}

/** Spans of one trace id. */
export interface ArbitraryTrace {
  readonly traceId: bigint;
  readonly upperHalf: bigint;
  readonly priority: number;
  readonly origin: string;
  readonly spans: readonly ArbitrarySpan[];
}

type Members = ReadonlyMap<Packable, Packable>;

const START = 1_700_000_000_000_000_000n;

const word = fc.constantFrom(
  "a",
  "svc",
  "web.request",
  "GET /x",
  "é中🚀",
  'q"\\',
  "line\nbreak\ttab",
  "",
  "x".repeat(1100),
);
const metaKey = fc.oneof(
  fc.constantFrom(
    ...[
      "http.url",
      "http.method",
      "http.status_code",
      "http.route",
      "span.kind",
      "error.message",
      "error.msg",
    ],
    ...["error.type", "error.stack", "error.handling_stack", "db.type", "db.instance", "peer.hostname"],
    ...["out.host", "runtime-id", "env", "version", "host", "_dd.base_service", "language", "component"],
  ),
  fc.string({ unit: fc.constantFrom(...'ab._é"\\ '), minLength: 1, maxLength: 6 }),
);
const metaValue = fc.oneof(
  word,
  fc.constantFrom("200", "404", "5xx", "http://h/p?q=1", "http://127.0.0.1:8124/lambda/hello"),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.toWellFormed()),
);
const metricKey = fc.constantFrom(
  "a",
  "process_id",
  "_dd.top_level",
  "http.status_code",
  "_dd.measured",
  "é",
);
const metricValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, -1, 200, 4711, 2 ** 31, 2 ** 40, 1e21, 1e-7, 0.1),
);

const span: fc.Arbitrary<ArbitrarySpan> = fc.record({
  service: word,
  name: word,
  resource: word,
  type: fc.constantFrom("web", "HTTP", "sql", "redis", "", "custom", "kafka", "grpc"),
  spanId: fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })),
  parentId: fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  start: fc.oneof(
    fc.bigInt({ min: START, max: START + 10n ** 15n }),
    fc.constantFrom(0n, 5n, 946_684_800_000_000_000n, 946_684_799_999_999_999n, 2n ** 62n),
  ),
  duration: fc.oneof(
    fc.bigInt({ min: 0n, max: 10n ** 13n }),
    fc.constantFrom(-1n, 0n, 999n, 1000n, 2n ** 62n),
  ),
  error: fc.constantFrom(0, 0, 1),
  meta: fc.uniqueArray(fc.tuple(metaKey, metaValue), { selector: ([key]) => key, maxLength: 8 }).map((
    pairs,
  ) => new Map(pairs)),
  metrics: fc.uniqueArray(fc.tuple(metricKey, metricValue), { selector: ([key]) => key, maxLength: 4 }).map((
    pairs,
  ) => new Map(pairs)),
});

export const TRACES: fc.Arbitrary<readonly ArbitraryTrace[]> = fc.array(
  fc.record({
    traceId: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    upperHalf: fc.constantFrom(0n, 0x5b8efff798038103n, 1n),
    priority: fc.constantFrom(1, 1, 2, 0, -1),
    origin: fc.constantFrom("", "lambda", "rum"),
    spans: fc.array(span, { minLength: 1, maxLength: 6 }),
  }),
  { maxLength: 4 },
);

function hex16(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

/** Tags of the span `index`, with what v0.4 has on the first span of a trace. */
function metaOf(
  { upperHalf, origin }: ArbitraryTrace,
  { meta }: ArbitrarySpan,
  index: number,
): Map<string, string> {
  const all = new Map(meta);
  if (index === 0 && upperHalf !== 0n) all.set("_dd.p.tid", hex16(upperHalf));
  if (index === 0 && origin !== "") all.set("_dd.origin", origin);
  return all;
}

function metricsOf(
  { priority }: ArbitraryTrace,
  { metrics }: ArbitrarySpan,
  index: number,
): Map<string, number> {
  return index === 0 ? new Map([...metrics, ["_sampling_priority_v1", priority]]) : new Map(metrics);
}

function v04Span(trace: ArbitraryTrace, span: ArbitrarySpan, meta: Packable, metrics: Packable): Members {
  return new Map<Packable, Packable>([
    ["service", span.service],
    ["name", span.name],
    ["resource", span.resource],
    ["trace_id", trace.traceId],
    ["span_id", span.spanId],
    ["parent_id", span.parentId],
    ["start", span.start],
    ["duration", span.duration],
    ["error", span.error],
    ["meta", meta],
    ["metrics", metrics],
    ["type", span.type],
  ]);
}

export function toV04(traces: readonly ArbitraryTrace[]): Uint8Array<ArrayBuffer> {
  return pack(
    traces.map((trace) =>
      trace.spans.map((span, index) =>
        v04Span(trace, span, metaOf(trace, span, index), metricsOf(trace, span, index))
      )
    ),
  );
}

export function toV05(traces: readonly ArbitraryTrace[]): Uint8Array<ArrayBuffer> {
  const strings = [""];
  const indexOf = (text: string): number => {
    const at = strings.indexOf(text);
    return at >= 0 ? at : strings.push(text) - 1;
  };
  const body = traces.map((trace) =>
    trace.spans.map((span, index): Packable => [
      ...[span.service, span.name, span.resource].map(indexOf),
      ...[trace.traceId, span.spanId, span.parentId, span.start, span.duration, span.error],
      new Map([...metaOf(trace, span, index)].map(([key, text]) => [indexOf(key), indexOf(text)])),
      new Map([...metricsOf(trace, span, index)].map(([key, value]) => [indexOf(key), value])),
      indexOf(span.type),
    ])
  );
  return pack([strings, body]);
}

export function toV07(traces: readonly ArbitraryTrace[], isFactsLast = false): Uint8Array<ArrayBuffer> {
  const facts: [Packable, Packable][] = [
    ...[["language_name", "go"], ["tracer_version", "1.2"], ["runtime_id", "rid"], ["env", "prod"]] as const,
    ["tags", { shared: "yes", env: "tagged" }],
  ].map(([key = "", value = ""]) => [key, value]);
  const chunks: [Packable, Packable] = [
    "chunks",
    traces.map((trace) => ({
      priority: trace.priority,
      origin: trace.origin,
      spans: trace.spans.map((span) => v04Span(trace, span, span.meta, span.metrics)),
      tags: trace.upperHalf === 0n ? {} : { "_dd.p.tid": hex16(trace.upperHalf), "_dd.p.dm": "-1" },
      dropped_trace: false,
    })),
  ];
  return pack(new Map(isFactsLast ? [chunks, ...facts] : [...facts, chunks]));
}

/** Literals the first time, then numbers. */
export function toV10(traces: readonly ArbitraryTrace[], isFactsLast = false): Uint8Array<ArrayBuffer> {
  const strings = [""];
  const text = (value: string): Packable => {
    const at = strings.indexOf(value);
    if (at >= 0) return at;
    strings.push(value);
    return value;
  };
  const facts = (): [Packable, Packable][] => [
    [3, text("go")],
    [5, text("1.2")],
    [6, text("rid")],
    [7, text("prod")],
    [10, [text("shared"), 1, text("yes"), text("flag"), 2, true]],
  ];
  const chunks = (): [Packable, Packable] => [
    11,
    traces.map((trace) => {
      const id = Uint8Array.fromHex(hex16(trace.upperHalf) + hex16(trace.traceId));
      return new Map<Packable, Packable>([
        [1, trace.priority],
        [2, text(trace.origin)],
        [3, [text("chunk.tag"), 1, text("c"), text("chunk.list"), 6, [4, 7n, 1, text("x")]]],
        [
          4,
          trace.spans.map((span) =>
            new Map<Packable, Packable>([
              [1, text(span.service)],
              [2, text(span.name)],
              [3, text(span.resource)],
              [4, span.spanId],
              [5, span.parentId],
              [6, span.start],
              [7, span.duration],
              [8, span.error !== 0],
              [9, [
                ...[...span.meta].flatMap(([key, value]): Packable[] => [text(key), 1, text(value)]),
                ...[...span.metrics].flatMap(([key, value]): Packable[] => [text(key), 3, value]),
              ]],
              [10, text(span.type)],
              [13, text("e")],
              [16, 3],
            ])
          ),
        ],
        [6, id],
        [7, 4],
      ]);
    }),
  ];
  if (isFactsLast) {
    const first = chunks();
    return pack(new Map([first, ...facts()]));
  }
  const before = facts();
  return pack(new Map([...before, chunks()]));
}
