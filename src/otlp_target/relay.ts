/**
 * Takes what came by OTLP into the target's store, as it came: each `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`
 * is one entry. Those that are too large for one are cut between their items, and what could not be read, which would
 * cost its whole request at the target, is left out.
 */
import type { TargetSignal } from "../config/otlp_target.ts";
import type { Relay } from "../ingest/otlp/export_handler.ts";
import { createProtobufReader, nextField, type ProtobufReader } from "../point/protobuf_reader.ts";
import { createProtobufWriter, type ProtobufWriter } from "../point/protobuf_writer.ts";

export interface RelayOptions {
  readonly takes: (signal: TargetSignal) => boolean;
  /** Takes one entry with this many data; copies it. */
  readonly append: (signal: TargetSignal, bytes: Uint8Array, count: number) => void;
  /** Counts items that are left out. */
  readonly leaveOut: (count: number) => void;
}

/** Field numbers that all signals share. */
const RESOURCE = 1;
const SCOPES = 2;
const ITEMS = 2;
/** A field 2 that is length-delimited. */
const NESTED_TAG = 0x12;
const LENGTH_DELIMITED = 2;
/** An entry above this is cut, in bytes. */
const MAX_ENTRY_BYTES = 256 * 1024;
/** The resource and scope are repeated in each part: a part is at least this many times as large as they are. */
const LEAST_FACTOR = 16;
/** Items between two looks at the clock. */
const STEP = 256;
/** Of `Metric`: what has data points, all of them as field 1. */
const METRIC_DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11]);
const DATA_POINTS = 1;

/** A part of a request. */
interface Part {
  readonly bytes: Uint8Array;
  /** Places of what could not be read, in pairs. */
  readonly malformed: readonly number[];
  /** Where the request begins in its buffer. */
  readonly origin: number;
}

/** Relays requests. */
export function createRelay({ takes, append, leaveOut }: RelayOptions): Relay {
  return async (signal, bytes, malformed, slice) => {
    if (!takes(signal)) return;
    if (malformed.length > 0) leaveOut(malformed.length / 2);
    const request = createProtobufReader(bytes);
    const part: Part = { bytes, malformed, origin: bytes.byteOffset };
    for (const resource of messages(request, RESOURCE)) {
      if (slice.isOver()) await slice.pause();
      if (resource.length <= MAX_ENTRY_BYTES && !hasMalformed(part, resource)) {
        const count = countItems(signal, resource);
        if (count > 0) append(signal, resource, count);
      } else await cut(signal, part, resource, slice);
    }
  };

  /** Several entries, each with the resource and scopes of its items. */
  async function cut(
    signal: TargetSignal,
    part: Part,
    resource: Uint8Array,
    slice: Parameters<Relay>[3],
  ): Promise<void> {
    const around = without(resource, SCOPES);
    let entry = beginEntry(around);
    let steps = 0;
    for (const scope of messages(createProtobufReader(resource), SCOPES)) {
      const aroundItems = without(scope, ITEMS);
      const maxBytes = Math.max(MAX_ENTRY_BYTES, LEAST_FACTOR * (around.length + aroundItems.length));
      let items: Uint8Array[] = [];
      let sizeBytes = 0;
      for (const item of messages(createProtobufReader(scope), ITEMS)) {
        if (++steps % STEP === 0 && slice.isOver()) await slice.pause();
        if (isMalformed(part, item)) continue;
        if (entry.sizeBytes + sizeBytes + item.length > maxBytes && entry.count + items.length > 0) {
          addScope(entry, signal, aroundItems, items);
          finish(entry);
          entry = beginEntry(around);
          items = [];
          sizeBytes = 0;
        }
        items.push(item);
        sizeBytes += item.length;
      }
      addScope(entry, signal, aroundItems, items);
    }
    finish(entry);

    function finish({ writer, count }: Entry): void {
      if (count > 0) append(signal, writer.finish(), count);
    }
  }
}

interface Entry {
  readonly writer: ProtobufWriter;
  count: number;
  sizeBytes: number;
}

function beginEntry(around: Uint8Array): Entry {
  const writer = createProtobufWriter(around.length + 1024);
  writer.raw(around);
  return { writer, count: 0, sizeBytes: around.length };
}

function addScope(
  entry: Entry,
  signal: TargetSignal,
  around: Uint8Array,
  items: readonly Uint8Array[],
): void {
  if (items.length === 0) return;
  const { writer } = entry;
  const expected = items.reduce((sum, item) => sum + item.length + 4, around.length);
  writer.tag(NESTED_TAG);
  const contentAt = writer.begin(expected);
  writer.raw(around);
  for (const item of items) {
    writer.tag(NESTED_TAG);
    writer.bytes(item);
    entry.count += signal === "metrics" ? countDataPoints(item) : 1;
  }
  writer.end(contentAt, expected);
  entry.sizeBytes += expected;
}

/** All nested messages of one field; views, not copies. */
function* messages(reader: ProtobufReader, field: number): Generator<Uint8Array> {
  while (nextField(reader)) {
    if (reader.field === field && reader.wireType === LENGTH_DELIMITED) yield reader.bytes;
  }
}

/** A message but for one field: the rest of its bytes. */
function without(message: Uint8Array, field: number): Uint8Array {
  const reader = createProtobufReader(message);
  const kept: Uint8Array[] = [];
  for (let from = 0; nextField(reader); from = reader.at) {
    if (reader.field !== field) kept.push(message.subarray(from, reader.at));
  }
  const all = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const bytes of kept) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}

/** Spans, records or data points. */
function countItems(signal: TargetSignal, resource: Uint8Array): number {
  let count = 0;
  for (const scope of messages(createProtobufReader(resource), SCOPES)) {
    for (const item of messages(createProtobufReader(scope), ITEMS)) {
      count += signal === "metrics" ? countDataPoints(item) : 1;
    }
  }
  return count;
}

function countDataPoints(metric: Uint8Array): number {
  const reader = createProtobufReader(metric);
  let count = 0;
  while (nextField(reader)) {
    if (!METRIC_DATA.has(reader.field) || reader.wireType !== LENGTH_DELIMITED) continue;
    for (const _point of messages(createProtobufReader(reader.bytes), DATA_POINTS)) count++;
  }
  return count;
}

function hasMalformed({ malformed, origin }: Part, within: Uint8Array): boolean {
  const from = within.byteOffset - origin;
  const to = from + within.length;
  for (let i = 0; i < malformed.length; i += 2) {
    if ((malformed[i] ?? 0) >= from && (malformed[i + 1] ?? 0) <= to) return true;
  }
  return false;
}

function isMalformed({ malformed, origin }: Part, item: Uint8Array): boolean {
  if (malformed.length === 0) return false;
  const from = item.byteOffset - origin;
  for (let i = 0; i < malformed.length; i += 2) {
    if (malformed[i] === from && malformed[i + 1] === from + item.length) return true;
  }
  return false;
}
