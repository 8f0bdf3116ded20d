/**
 * Decodes DataKit's two JSON forms, which may stand side by side: the simple one, whose numbers are floats, and
 * PB-JSON, whose fields carry their types.
 */
import { isJsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import { JsonSyntaxError } from "../../json/json_scanner.ts";
import { createJsonWalk, JsonEvent, type JsonWalk } from "../../json/json_walk.ts";
import { TOO_MANY_PARTS } from "./decoded.ts";
import { createWork } from "./json_container.ts";
import { createJsonItems, type JsonItem } from "./json_items.ts";
import { readLongPoint } from "./json_long_point.ts";
import { toPoint } from "./json_point.ts";
import type { Precision } from "./precision.ts";
import { type Malformed, NOTHING_YET, type WireDecoder, type WirePoint } from "./wire_point.ts";

/** Commas of a point that are parsed, those within its values too. A point with more is malformed. */
const MAX_COMMAS = 50_000;
/** A longer point is read in steps; what is parsed at once takes a few ms at most. In bytes. */
const LONG_POINT = 16 * 1024;
/** A longer point is parsed in one step and written in the next. In bytes. */
const LARGE_POINT = 4096;

// A mark of byte order within the body is the customer's.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A decoder of a list of points, or of one. A body that is no JSON gives whatever stands before the fault:
 * {@link createJsonCheck} tells that before.
 */
export function createJsonDecoder(body: Uint8Array, precision: Precision): WireDecoder {
  const items = createJsonItems(body);
  let reading: Iterator<undefined, unknown, undefined> | undefined;

  function begin(item: JsonItem): WirePoint | Malformed {
    if (item.commas > MAX_COMMAS) return malformed(TOO_MANY_PARTS);
    const bytes = item.to - item.from;
    if (bytes <= LARGE_POINT) return read(parse(body, item));
    reading = bytes <= LONG_POINT ? parsed(parse(body, item)) : readLongPoint(body, item.from, item.to);
    return NOTHING_YET;
  }

  function goOn(): WirePoint | Malformed {
    const step = reading?.next();
    if (step?.done !== true) return NOTHING_YET;
    reading = undefined;
    return read(step.value);
  }

  function read(value: unknown): WirePoint | Malformed {
    const point = isJsonObject(value) ? toPoint(value, precision) : "each point must be an object";
    return typeof point === "string" ? malformed(point) : point;
  }

  return {
    next: () => {
      if (reading !== undefined) return goOn();
      const item = items.next();
      return item === undefined ? undefined : item === "unfinished" ? NOTHING_YET : begin(item);
    },
  };
}

/** A value that is there already. */
function parsed(value: unknown): Iterator<undefined, unknown, undefined> {
  return { next: () => ({ done: true, value }) };
}

function malformed(rule: string): Malformed {
  return { error: `Cannot read a point as ${rule}`, count: 1 };
}

function parse(body: Uint8Array, { from, to }: JsonItem): unknown {
  return tryParseExactJson(decoder.decode(body.subarray(from, to)));
}

/** Whether the body is JSON; looks at a part of it each time and tells `undefined` as long as there is more. */
export function createJsonCheck(body: Uint8Array): () => boolean | undefined {
  const items = createJsonItems(body);
  let walk: JsonWalk | undefined;
  return () => {
    if (walk !== undefined) {
      const isRight = walkOn(walk);
      if (isRight !== undefined) walk = undefined;
      return isRight === false ? false : undefined;
    }
    const item = items.next();
    if (item === undefined) return !items.isBroken;
    if (item === "unfinished" || item.commas > MAX_COMMAS) return undefined;
    if (item.to - item.from <= LONG_POINT) return parse(body, item) === undefined ? false : undefined;
    walk = createJsonWalk(body, item.from, item.to);
    return undefined;
  };
}

/** Whether an item is JSON; `undefined`: that is not known yet. */
function walkOn(walk: JsonWalk): boolean | undefined {
  const work = createWork();
  try {
    for (let event = walk.next(); event !== JsonEvent.end; event = walk.next()) {
      if (event === JsonEvent.more || work.isDone(walk)) return undefined;
    }
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}
