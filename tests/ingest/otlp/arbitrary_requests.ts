/** Export requests as random as the protocol allows, written as OTLP/JSON writes them. */
import fc from "fast-check";
import type { Signal } from "../../../src/ingest/otlp/export_handler.ts";

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "grapheme", maxLength: 6 }));
const key = fc.oneof(
  fc.constantFrom(
    "service.name",
    "http.method",
    "http.response.status_code",
    "db.system",
    "db.system.name",
    "net.peer.name",
    "messaging.system",
    "exception.type",
    "error.type",
    "host.name",
    "log.source",
    "message",
    "status",
    "source",
    "trace_id",
    "start",
    "telemetry.sdk.name",
    "a.b",
    "a_b",
    "__proto__",
    "",
  ),
  text,
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const time = fc.oneof(
  fc.bigInt({ min: 1_699_999_000_000_000_000n, max: 1_700_001_000_000_000_000n }).map(String),
  fc.constantFrom("0", "18446744073709551615"),
  uint64,
);
const double = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1.5, 1e21, 2 ** 53)).map((value) =>
  Number.isFinite(value) ? value : String(value)
);
const bytes = fc.uint8Array({ maxLength: 9 }).map((value) => value.toBase64());
const hex = (length: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(length)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: length + 2 }) },
  ).map((value) => value.toHex());

const { anyValue, keyValues } = fc.letrec<{ anyValue: object; keyValues: object[] }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4 },
    fc.record({ stringValue: text }),
    fc.record({ intValue: int64 }),
    fc.record({ doubleValue: double }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ bytesValue: bytes }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie("anyValue"), { maxLength: 3 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: tie("keyValues") }) }),
  ),
  keyValues: fc.array(fc.record({ key, value: tie("anyValue") }, { requiredKeys: ["key"] }), {
    maxLength: 4,
  }),
}));

/** A message of which any member may be missing. */
function partial(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(members, { requiredKeys: [] });
}

const count = fc.integer({ min: 0, max: 3 });
const flags = fc.constantFrom(0, 1, 257, 0xffffffff);
const span = partial({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: hex(8),
  traceState: text,
  name: text,
  kind: fc.integer({ min: 0, max: 9 }),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes: keyValues,
  droppedAttributesCount: count,
  events: fc.array(
    partial({
      timeUnixNano: time,
      name: fc.oneof(text, fc.constant("exception")),
      attributes: keyValues,
      droppedAttributesCount: count,
    }),
    { maxLength: 3 },
  ),
  droppedEventsCount: count,
  links: fc.array(
    partial({ traceId: hex(16), spanId: hex(8), traceState: text, attributes: keyValues, flags }),
    { maxLength: 2 },
  ),
  droppedLinksCount: count,
  status: partial({ code: fc.integer({ min: 0, max: 4 }), message: text }),
  flags,
});

const logRecord = partial({
  timeUnixNano: time,
  observedTimeUnixNano: time,
  severityNumber: fc.integer({ min: 0, max: 30 }),
  severityText: fc.oneof(text, fc.constantFrom("WARN", "Notice", "critical")),
  body: anyValue,
  attributes: keyValues,
  traceId: hex(16),
  spanId: hex(8),
  flags,
  eventName: text,
});

const base = {
  timeUnixNano: time,
  startTimeUnixNano: time,
  attributes: keyValues,
  flags: fc.constantFrom(0, 0, 1),
};
const counts = fc.array(uint64, { maxLength: 4 });
const buckets = partial({ offset: fc.integer({ min: -20, max: 20 }), bucketCounts: counts });
const temporality = fc.integer({ min: 0, max: 3 });
const points = <T>(point: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(point, { maxLength: 3 });
const numberPoints = points(
  fc.oneof(partial({ ...base, asInt: int64 }), partial({ ...base, asDouble: double })),
);
const distribution = { ...base, count: uint64, sum: double, min: double, max: double };
const data = fc.oneof(
  fc.record({ gauge: fc.record({ dataPoints: numberPoints }) }),
  fc.record({
    sum: partial({
      dataPoints: numberPoints,
      aggregationTemporality: temporality,
      isMonotonic: fc.boolean(),
    }),
  }),
  fc.record({
    histogram: partial({
      dataPoints: points(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 3 }).chain((
          explicitBounds,
        ) =>
          partial({
            ...distribution,
            explicitBounds: fc.constant(explicitBounds),
            bucketCounts: fc.oneof(
              counts,
              fc.array(uint64, {
                minLength: explicitBounds.length + 1,
                maxLength: explicitBounds.length + 1,
              }),
            ),
          })
        ),
      ),
      aggregationTemporality: temporality,
    }),
  }),
  fc.record({
    exponentialHistogram: partial({
      dataPoints: points(partial({
        ...distribution,
        scale: fc.integer({ min: -12, max: 22 }),
        zeroCount: uint64,
        zeroThreshold: double,
        positive: buckets,
        negative: buckets,
      })),
      aggregationTemporality: temporality,
    }),
  }),
  fc.record({
    summary: fc.record({
      dataPoints: points(partial({
        ...base,
        count: uint64,
        sum: double,
        quantileValues: fc.array(partial({ quantile: double, value: double }), { maxLength: 3 }),
      })),
    }),
  }),
  fc.constant({}),
);
const metric = fc.tuple(partial({ name: text, unit: text, description: text }), data)
  .map(([head, rest]) => ({ ...head, ...rest }));

const resource = partial({ attributes: keyValues, droppedAttributesCount: count });
const scope = partial({ name: text, version: text, attributes: keyValues });

function request(
  names: readonly [string, string, string],
  item: fc.Arbitrary<unknown>,
): fc.Arbitrary<object> {
  const [resources, scopes, items] = names;
  const scopeItems = partial({ scope, schemaUrl: text, [items]: fc.array(item, { maxLength: 4 }) });
  const resourceItems = partial({
    resource,
    schemaUrl: text,
    [scopes]: fc.array(scopeItems, { minLength: 1, maxLength: 2 }),
  });
  return fc.record({ [resources]: fc.array(resourceItems, { minLength: 1, maxLength: 2 }) });
}

/** Requests of each signal. */
export const REQUESTS: Readonly<Record<Signal, fc.Arbitrary<object>>> = {
  traces: request(["resourceSpans", "scopeSpans", "spans"], span),
  logs: request(["resourceLogs", "scopeLogs", "logRecords"], logRecord),
  metrics: request(["resourceMetrics", "scopeMetrics", "metrics"], metric),
};
