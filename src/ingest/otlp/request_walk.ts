/**
 * Goes through an export request of any signal where it lies, item by item, and lets the rest of the program run in
 * between. All requests have the same frame: resources in field 1, the scopes of each in 2, the items of each in 2.
 */
import type { TimeSlice } from "../time_slice.ts";
import {
  createProtoCursor,
  type ProtoCursor,
  ProtoError,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import type { RequestSink } from "./request_sink.ts";
import type { Clock } from "./time.ts";

/** What a signal makes of the parts of a request. Places are those of messages, without their lengths. */
export interface RequestVisitor {
  /** Looks at each item before the first is taken. Never throws. */
  readonly survey?: (from: number, to: number) => void;
  /** What follows is of this `ResourceSpans`, …, which is read when there is an item. */
  readonly resource: (from: number, to: number) => void;
  /** What follows is of this `ScopeSpans`, …. */
  readonly scope: (from: number, to: number) => void;
  /** Takes a span, record or metric; `true`: it has parts. Throws {@link ProtoError} for a malformed one. */
  readonly item: (from: number, to: number) => boolean;
  /** Takes the next part of the last item and returns its bytes; 0: there is none. Throws as {@link item} does. */
  readonly part?: () => number;
}

/** Makes the visitor of one request's bytes; `isOwn`: they were made here, of JSON. */
export type MakeVisitor = (
  bytes: Uint8Array,
  isOwn: boolean,
  sink: RequestSink,
  clock: Clock,
) => RequestVisitor;

/** Work between two looks at the clock, in bytes that are read. */
const STEP = 32 * 1024;
/** What an element costs besides its bytes. */
const ELEMENT = 64;

const RESOURCE = 0x0a;
const SCOPE = 0x12;
const ITEM = 0x12;

interface Walk {
  readonly c: ProtoCursor;
  readonly visitor: RequestVisitor;
  readonly isSurvey: boolean;
  /** 0 in the request, 1 in a resource, 2 in a scope. */
  level: number;
  /** Where the messages around end. */
  readonly ends: [request: number, resource: number];
  /** Whether the last item has parts that are to be taken. */
  hasParts: boolean;
  malformed: number;
}

/**
 * Takes all items of the request in `bytes`, and returns how many could not be read. Throws {@link ProtoError}, before
 * the first is taken, when it is malformed around its items.
 */
export async function walkRequest(
  bytes: Uint8Array,
  visitor: RequestVisitor,
  slice: TimeSlice,
): Promise<number> {
  let walk = begin(bytes, visitor, true);
  while (!step(walk)) if (slice.isOver()) await slice.pause();
  walk = begin(bytes, visitor, false);
  while (!step(walk)) if (slice.isOver()) await slice.pause();
  return walk.malformed;
}

function begin(bytes: Uint8Array, visitor: RequestVisitor, isSurvey: boolean): Walk {
  const c = createProtoCursor(bytes);
  return { c, visitor, isSurvey, level: 0, ends: [0, 0], hasParts: false, malformed: 0 };
}

/** Goes on for a while; `true`: to the end. */
function step(walk: Walk): boolean {
  const { c } = walk;
  for (let work = 0; work < STEP; work += ELEMENT) {
    if (walk.hasParts) {
      work += takePart(walk);
      continue;
    }
    const { at } = c;
    const tag = readTag(c);
    if (tag === 0) {
      if (walk.level === 0) return true;
      c.end = walk.ends[--walk.level] ?? 0;
    } else if (walk.level === 2 && tag === ITEM) {
      const length = readLength(c);
      c.at += length;
      takeItem(walk, c.at - length, c.at);
      if (!walk.isSurvey) work += length;
    } else if (walk.level < 2 && tag === (walk.level === 0 ? RESOURCE : SCOPE)) enter(walk);
    else {
      skipField(c, tag);
      work += c.at - at;
    }
  }
  return false;
}

function enter(walk: Walk): void {
  const { c, visitor } = walk;
  const end = readLength(c) + c.at;
  if (!walk.isSurvey) {
    if (walk.level === 0) visitor.resource(c.at, end);
    else visitor.scope(c.at, end);
  }
  walk.ends[walk.level++] = c.end;
  c.end = end;
}

function takeItem(walk: Walk, from: number, to: number): void {
  const { visitor } = walk;
  if (walk.isSurvey) return visitor.survey?.(from, to);
  try {
    walk.hasParts = visitor.item(from, to);
  } catch (error) {
    count(walk, error);
  }
}

/** Returns the bytes of the part. */
function takePart(walk: Walk): number {
  try {
    const bytes = walk.visitor.part?.() ?? 0;
    walk.hasParts = bytes > 0;
    return bytes;
  } catch (error) {
    count(walk, error);
    return 0;
  }
}

/** Only what is malformed costs no more than itself. */
function count(walk: Walk, error: unknown): void {
  if (!(error instanceof ProtoError)) throw error;
  walk.malformed++;
}
