/** What the tests of this folder share: bytes from hex, a msgpack encoder, and receivers with recorded ends. */
import type { Hono } from "@hono/hono";
import { createLogger } from "@std/log";
import { parseConfig } from "../../../src/config.ts";
import type { Environment } from "../../../src/config/reader.ts";
import { createDdtraceReceivers, type DdtraceLinks } from "../../../src/ingest/ddtrace/receiver.ts";
import type { InvocationSpan, Receiver } from "../../../src/pipeline/receiver.ts";
import type { FieldValue, Point } from "../../../src/point/point.ts";
import { createRecordingIntake } from "../../support/points.ts";

/** Bytes of hex text; spaces and line breaks are left out, `'…'` is ASCII text. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/'([^']*)'/g, (_, ascii: string) => new TextEncoder().encode(ascii).toHex());
  return Uint8Array.fromHex(digits.replace(/\s+/g, ""));
}

export type Packable =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Packable[]
  | ReadonlyMap<Packable, Packable>
  | { readonly [key: string]: Packable };

/** Msgpack of a value: integers as small as they go, `bigint` as 64-bit, other numbers as float64. */
export function pack(value: Packable): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  write(value, out);
  return Uint8Array.from(out);
}

function write(value: Packable, out: number[]): void {
  if (value === null) out.push(0xc0);
  else if (typeof value === "boolean") out.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "bigint") writeBigInt(value, out);
  else if (typeof value === "number") writeNumber(value, out);
  else if (typeof value === "string") writeSized(0xdb, new TextEncoder().encode(value), out);
  else if (value instanceof Uint8Array) writeSized(0xc6, value, out);
  else if (Array.isArray(value)) {
    out.push(0xdd, ...u32(value.length));
    for (const item of value) write(item, out);
  } else {
    const entries: [Packable, Packable][] = value instanceof Map ? [...value] : Object.entries(value);
    out.push(0xdf, ...u32(entries.length));
    for (const [key, member] of entries) {
      write(key, out);
      write(member, out);
    }
  }
}

function writeBigInt(value: bigint, out: number[]): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, value));
  out.push(value < 0n ? 0xd3 : 0xcf, ...new Uint8Array(view.buffer));
}

function writeNumber(value: number, out: number[]): void {
  if (Number.isInteger(value) && value >= 0 && value < 128) return void out.push(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    view.setInt32(0, value);
    return void out.push(0xd2, ...new Uint8Array(view.buffer, 0, 4));
  }
  out.push(0xcb, ...new Uint8Array(view.buffer));
}

function writeSized(head: number, bytes: Uint8Array, out: number[]): void {
  out.push(head, ...u32(bytes.length));
  for (const byte of bytes) out.push(byte);
}

function u32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

/** 2023-11-14T22:13:20Z, the start of the spec's example spans, in ms. */
export const NOW_MS = 1_700_000_000_000;

export interface Harness {
  readonly points: Point[];
  /** Counts by reason. */
  readonly refused: Map<string, number>;
  /** What the rest of the program is told of invocations. */
  readonly invocationSpans: readonly InvocationSpan[];
  readonly traces: Receiver;
  readonly lifecycle: Receiver;
  /** Sends a request to the trace routes. */
  readonly send: (path: string, body?: BodyInit | null, headers?: HeadersInit) => Promise<Response>;
  /** Sends a request to the lifecycle routes. */
  readonly call: (path: string, body?: BodyInit | null, headers?: HeadersInit) => Promise<Response>;
  clock: number;
}

/** Receivers with settings from `env`, whose `ENV_AWSLAMBDA_SCHEMA` counts too. */
export function harness(env: Environment = {}, links: DdtraceLinks = {}): Harness {
  const intake = createRecordingIntake("ddtrace");
  const { points, refused, invocationSpans } = intake;
  const { ddtrace: config } = parseConfig({ AWS_LAMBDA_FUNCTION_NAME: "fn", ...env }).config;
  const [traces, lifecycle] = createDdtraceReceivers(config, {
    ...intake,
    log: createLogger({ level: "off" }),
    instanceId: () => "instance-1",
    limits: { maxWireBytes: 16_777_216, maxInflatedBytes: 67_108_864, timeoutMs: 1000 },
    now: () => made.clock,
  }, links);
  const made: Harness = {
    points,
    refused,
    invocationSpans,
    traces,
    lifecycle,
    clock: NOW_MS,
    send: (path, body = null, headers = {}) => request(traces.app, path, body, headers),
    call: (path, body = null, headers = {}) => request(lifecycle.app, path, body, headers),
  };
  return made;
}

async function request(
  app: Hono | undefined,
  path: string,
  body: BodyInit | null,
  headers: HeadersInit,
): Promise<Response> {
  if (app === undefined) throw new Error("Cannot send a request as the receiver has no routes");
  return await app.request(path, { method: body === null ? "GET" : "PUT", body, headers });
}

/** Tags and fields of the only point, sorted, without `message`. */
export function only(
  points: readonly Point[],
): { tags: Record<string, string>; fields: Record<string, FieldValue> } {
  const [point, ...others] = points;
  if (point === undefined || others.length > 0) {
    throw new Error(`Cannot take the only point of ${points.length}`);
  }
  const fields = new Map(point.fields);
  fields.delete("message");
  return { tags: sorted(point.tags), fields: sorted(fields) };
}

/** The field `message` of a point, parsed. */
export function message(point: Point | undefined): unknown {
  return JSON.parse(String(point?.fields.get("message")));
}

function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => a < b ? -1 : 1));
}
