/** Made OTLP requests: each goes in as protobuf and as JSON. */
import type { Environment } from "../../../src/config/reader.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import type { Input, Request, Variants } from "../input.ts";

type Signal = "traces" | "logs" | "metrics";

/** 2023-11-14T22:13:20Z, in ns. */
export const START = 1_700_000_000_000_000_000n;

/** One value as OTLP/JSON has it: `bigint` is an int, a number a double. */
export function anyValue(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "bigint":
      return { intValue: String(value) };
    case "number":
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    case "boolean":
      return { boolValue: value };
  }
  if (value instanceof Uint8Array) return { bytesValue: value.toBase64() };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (value === undefined || value === null) return {};
  return { kvlistValue: { values: pairs(Object.fromEntries(Object.entries(value))) } };
}

/** Attributes as OTLP/JSON has them. */
export function pairs(values: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** A value of each type, and odd ones. */
export const VALUES = {
  text: "héllo 中文 🚀",
  empty: "",
  int: 42n,
  negative: -1n,
  big: 9_223_372_036_854_775_807n,
  double: 0.1,
  whole: 3,
  huge: 1e21,
  tiny: 5e-324,
  nan: NaN,
  infinite: -Infinity,
  yes: true,
  no: false,
  bytes: Uint8Array.of(0, 1, 254, 255),
  list: ["a", 1n, 2.5, true, ["b"], undefined],
  emptyList: [],
  map: { "k.1": "v", nested: { list: [1n], bytes: Uint8Array.of(7) } },
  nothing: undefined,
  quotes: '"\\\n\t\u0001\u2028',
  __proto__x: 1n,
};

/** What stands around the items of a request with one resource and one scope. */
interface Around {
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly scope?: Readonly<Record<string, unknown>>;
  readonly env?: Environment;
}

const MEMBERS = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
} as const;

/** A request of these items, of the service `svc` unless told otherwise. */
export function request(
  signal: Signal,
  name: string,
  items: readonly unknown[],
  around: Around = {},
): Variants {
  const { resource = { "service.name": "svc" }, scope = {}, env } = around;
  const [resources, scopes, member] = MEMBERS[signal];
  const scopeItems = { scope: { name: "lib", version: "1.2", attributes: pairs(scope) }, [member]: items };
  return both(signal, name, {
    [resources]: [{ resource: { attributes: pairs(resource) }, [scopes]: [scopeItems] }],
  }, env);
}

/** A request in both encodings. */
export function both(signal: Signal, name: string, request: unknown, env?: Environment): Variants {
  return {
    name: `${signal}: ${name}`,
    ...(env === undefined ? {} : { env }),
    variants: {
      protobuf: [{
        path: `/v1/${signal}`,
        headers: { "content-type": "application/x-protobuf" },
        body: encodeOtlp(signal, request),
      }],
      json: [{
        path: `/v1/${signal}`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      }],
    },
  };
}

/** A request that only JSON can be. */
export function json(signal: Signal, name: string, body: string): Input {
  return {
    name: `${signal}: ${name}`,
    requests: [{ path: `/v1/${signal}`, headers: { "content-type": "application/json" }, body }],
  };
}

/** A request that only protobuf can be. */
export function protobuf(signal: Signal, name: string, body: Uint8Array<ArrayBuffer>): Input {
  const request: Request = {
    path: `/v1/${signal}`,
    headers: { "content-type": "application/x-protobuf" },
    body,
  };
  return { name: `${signal}: ${name}`, requests: [request] };
}
