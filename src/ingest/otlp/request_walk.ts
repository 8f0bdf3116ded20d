/**
 * Goes through an export request of any signal where it lies, item by item, and lets the rest of the program run in
 * between. All requests have the same frame: resources in field 1, the scopes of each in 2, the items of each in 2.
 */
import type { PointWriter } from "../../point/point_writer.ts";
import type { TimeSlice } from "../../time_slice.ts";
import {
  allowFields,
  createProtoCursor,
  type ProtoCursor,
  ProtoError,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import type { RequestSink } from "./request_sink.ts";
import type { Clock } from "./time.ts";

/** What a `ResourceSpans` or `ScopeSpans`, …, says besides what is below it. */
export interface AroundParts {
  /** Where its `Resource` or scope lies, as begin and end: of each part, if it comes in several. */
  readonly places: number[];
  /** Its schema's URL; equal places without one. */
  schemaFrom: number;
  schemaTo: number;
  /** There are too many parts. */
  isCut: boolean;
}

/**
 * What a signal makes of the parts of a request. Places are those of messages, without their lengths. Work is told in
 * bytes that were read and written, as far as it goes with them.
 */
export interface RequestVisitor {
  /** Looks at each item before the first is taken. Never throws. */
  readonly survey?: (from: number, to: number) => void;
  /** What follows is of this `ResourceSpans`, …, which is to be read when there is an item. */
  readonly resource: (parts: AroundParts) => void;
  /** What follows is of this `ScopeSpans`, …. */
  readonly scope: (parts: AroundParts) => void;
  /**
   * Takes a span, record or metric, and returns the work; as a negative number: it is to be taken again, as only something
   * else was done. Throws {@link ProtoError} for a malformed one.
   */
  readonly item: (from: number, to: number) => number;
  /** Takes the next part of the last item and returns the work; 0: it has no more. Throws as {@link item} does. */
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
const STEP = 8 * 1024;
/** What an element costs besides its bytes. */
const ELEMENT = 64;
/** Surveying reads only the heads of an item's fields. */
const SURVEY_SHARE = 4;
/** A `Resource` or scope in more parts than this cannot be meant. */
const MAX_PARTS = 16;

const RESOURCE = 0x0a;
const SCOPE = 0x12;
const ITEM = 0x12;
/** In resources and scopes alike. */
const AROUND = 0x0a;
const SCHEMA_URL = 0x1a;

/** What finishes points with long texts. */
export type LongPoints = Pick<PointWriter, "hasUnfinished" | "finishLong">;

interface Walk {
  readonly c: ProtoCursor;
  readonly visitor: RequestVisitor;
  readonly points: LongPoints;
  readonly isSurvey: boolean;
  /** 0 in the request, 1 in a resource, 2 in a scope. */
  level: number;
  /** Where the messages around end. */
  readonly ends: [request: number, resource: number];
  /** What was said of the resource and the scope that are open. */
  readonly around: readonly [resource: AroundParts, scope: AroundParts];
  /** Where what is open begins, while what stands around what is below it is looked for; -1: it is known. */
  lookFrom: number;
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
  points: LongPoints,
): Promise<number> {
  let walk = begin(bytes, visitor, true, points);
  while (!step(walk)) if (slice.isOver()) await slice.pause();
  walk = begin(bytes, visitor, false, points);
  for (let isOver = false; !isOver;) {
    try {
      isOver = step(walk);
    } finally {
      if (points.hasUnfinished) await points.finishLong(slice);
    }
    if (slice.isOver()) await slice.pause();
  }
  return walk.malformed;
}

function begin(
  bytes: Uint8Array,
  visitor: RequestVisitor,
  isSurvey: boolean,
  points: LongPoints,
): Walk {
  const c = createProtoCursor(bytes);
  const around = [createParts(), createParts()] as const;
  return {
    c,
    visitor,
    points,
    isSurvey,
    level: 0,
    ends: [0, 0],
    around,
    lookFrom: -1,
    hasParts: false,
    malformed: 0,
  };
}

function createParts(): AroundParts {
  return { places: [], schemaFrom: 0, schemaTo: 0, isCut: false };
}

/** Goes on for a while; `true`: to the end. */
function step(walk: Walk): boolean {
  const { c } = walk;
  allowFields(c);
  // What is unfinished is finished first: no request has more of it than one point.
  for (let work = 0; work < STEP && (walk.isSurvey || !walk.points.hasUnfinished); work += ELEMENT) {
    if (walk.hasParts) {
      work += takePart(walk);
      continue;
    }
    const { at } = c;
    const tag = readTag(c);
    if (tag === 0) {
      if (leave(walk)) return true;
    } else if (walk.lookFrom >= 0) work += look(walk, tag);
    else if (walk.level === 2 && tag === ITEM) {
      const length = readLength(c);
      c.at += length;
      const done = takeItem(walk, c.at - length, c.at);
      if (done < 0) c.at = at;
      work += Math.abs(done);
    } else if (walk.level < 2 && tag === (walk.level === 0 ? RESOURCE : SCOPE)) enter(walk);
    else {
      skipField(c, tag);
      work += c.at - at;
    }
  }
  return false;
}

function enter(walk: Walk): void {
  const { c, level } = walk;
  const end = readLength(c) + c.at;
  walk.ends[level] = c.end;
  walk.level++;
  c.end = end;
  if (walk.isSurvey) return;
  walk.lookFrom = c.at;
  const parts = walk.around[level === 0 ? 0 : 1];
  parts.places.length = 0;
  parts.schemaFrom = parts.schemaTo = 0;
  parts.isCut = false;
}

/** At the end of what is open; `true`: of all. */
function leave(walk: Walk): boolean {
  const { c, visitor, level } = walk;
  if (walk.lookFrom >= 0) {
    c.at = walk.lookFrom;
    walk.lookFrom = -1;
    if (level === 1) visitor.resource(walk.around[0]);
    else visitor.scope(walk.around[1]);
    return false;
  }
  if (level === 0) return true;
  walk.level--;
  c.end = walk.ends[level === 1 ? 0 : 1];
  return false;
}

/** Notes what stands around what is below, and returns the work that reading it will be. */
function look(walk: Walk, tag: number): number {
  const { c } = walk;
  const parts = walk.around[walk.level === 1 ? 0 : 1];
  if (tag !== AROUND && tag !== SCHEMA_URL) {
    skipField(c, tag);
    return 0;
  }
  const length = readLength(c);
  const from = c.at;
  c.at += length;
  if (tag === SCHEMA_URL) {
    parts.schemaFrom = from;
    parts.schemaTo = c.at;
  } else if (parts.places.length < 2 * MAX_PARTS) parts.places.push(from, c.at);
  else parts.isCut = true;
  return length;
}

/** Returns the work, see {@link RequestVisitor.item}. */
function takeItem(walk: Walk, from: number, to: number): number {
  const { visitor } = walk;
  if (walk.isSurvey) {
    visitor.survey?.(from, to);
    return visitor.survey === undefined ? 0 : (to - from) / SURVEY_SHARE;
  }
  try {
    const work = visitor.item(from, to);
    walk.hasParts = work >= 0 && visitor.part !== undefined;
    return work;
  } catch (error) {
    count(walk, error);
    return to - from;
  }
}

/** Returns the work. */
function takePart(walk: Walk): number {
  try {
    const work = walk.visitor.part?.() ?? 0;
    walk.hasParts = work > 0;
    return work;
  } catch (error) {
    count(walk, error);
    return ELEMENT;
  }
}

/** A malformed element costs only itself; any other error is thrown. */
function count(walk: Walk, error: unknown): void {
  if (!(error instanceof ProtoError)) throw error;
  walk.malformed++;
}
