/**
 * The JSON text of an object or list of a body, as `toExactJson()` writes what `parseExactJson()` makes of it. It is made
 * anew each time it is read: as a copy it would take as much memory as the body, which no budget counts.
 */
import { readLongNumber } from "../../json/json_number.ts";
import { createJsonWalk, JsonEvent } from "../../json/json_walk.ts";
import { toExactJson } from "../../json/exact_json.ts";
import { latin1 } from "../../latin1.ts";
import { scalarToJson } from "../../point/clean_field_value.ts";
import { type MadeText, PLAIN, type TextForm } from "../../point/long_text.ts";
import { inJson } from "../text_forms.ts";
import { createWork, type JsonContainer } from "./json_container.ts";
import { JSON_TEXT, NORMAL_JSON } from "./json_text.ts";
import { createPartWriter } from "./part_writer.ts";

/** A longer number is read in steps. */
const LONG_NUMBER = 400;
/** Making a bigint takes time that grows with the square of its digits: of more than these none is made. */
const INTEGER = /^-?\d{1,40}$/;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Strings within a list that becomes text as its items are of several types: those are made well-formed first. */
const LIST_STRING = inJson(JSON_TEXT);
/** The text of what is nested too deep. */
const DEEP_STRING = inJson(PLAIN);

/** What is open while it is written again. */
interface Frame {
  readonly isList: boolean;
  count: number;
  /** Of an object whose members are not written as they come. */
  readonly order: number | undefined;
}

/**
 * The JSON of what was passed over. `asItems`: of a list whose items are all scalars, but of several types, as the rules
 * of a point write it.
 */
export function normalJson(bytes: Uint8Array, container: JsonContainer, asItems = false): MadeText {
  return { bytes: container.to - container.from, make: () => normalParts(bytes, container, asItems) };
}

function* normalParts(
  bytes: Uint8Array,
  { from, to, outerDepth, orders }: JsonContainer,
  asItems: boolean,
): Generator<Uint8Array, void, undefined> {
  const walk = createJsonWalk(bytes, from, to, { outerDepth, isChecked: true });
  const out = createPartWriter(to - from);
  const frames: Frame[] = [];
  const work = createWork();

  function* put(event: JsonEvent): Iterable<Uint8Array> {
    switch (event) {
      case JsonEvent.key:
        yield* putString(NORMAL_JSON);
        return out.byte(COLON);
      case JsonEvent.string:
        return yield* putString(asItems ? LIST_STRING : NORMAL_JSON);
      case JsonEvent.deep:
        return yield* putString(DEEP_STRING);
      case JsonEvent.number:
        return yield* putNumber();
      default:
        return out.text(rawText(bytes, walk.from, walk.to));
    }
  }

  function* putString(form: TextForm): Iterable<Uint8Array> {
    out.byte(QUOTE);
    yield* out.piece({ bytes, from: walk.from, to: walk.to, form });
    out.byte(QUOTE);
  }

  function* putNumber(): Iterable<Uint8Array> {
    const reading = readNumber(bytes, walk.from, walk.to);
    let step = reading.next();
    for (; step.done !== true; step = reading.next()) yield out.take();
    out.text(asItems ? scalarToJson(Number(step.value)) : toExactJson(step.value));
  }

  function open(isList: boolean): void {
    out.byte(isList ? OPEN_BRACKET : OPEN_BRACE);
    const order = orders.find(walk.from);
    frames.push({ isList, count: 0, order });
    if (order !== undefined) walk.jump(orders.place(order, 0));
  }

  function close(): void {
    frames.pop();
    out.byte(bytes[walk.to - 1] ?? 0);
  }

  /** Goes to the next member of an object whose members come in another order. */
  function leadOn(frame: Frame | undefined): void {
    if (frame?.order !== undefined) walk.jump(orders.place(frame.order, frame.count));
  }

  for (;;) {
    const event = walk.next();
    if (event === JsonEvent.more || work.isDone(walk) || out.isFull) yield out.take();
    if (event === JsonEvent.more) continue;
    if (event === JsonEvent.end) break;
    const frame = frames.at(-1);
    const isItem = event === JsonEvent.key || frame?.isList === true;
    if (frame !== undefined && isItem && event !== JsonEvent.close && frame.count++ > 0) out.byte(COMMA);
    if (event === JsonEvent.object || event === JsonEvent.list) open(event === JsonEvent.list);
    else if (event === JsonEvent.close) close();
    else yield* put(event);
    const isValue = event !== JsonEvent.key && event !== JsonEvent.object && event !== JsonEvent.list;
    if (isValue) leadOn(frames.at(-1));
  }
  yield out.take();
}

/** The number at `bytes[from, to)`, exact if it is an integer of not too many digits. */
export function* readNumber(
  bytes: Uint8Array,
  from: number,
  to: number,
): Generator<undefined, number | bigint, undefined> {
  if (to - from > LONG_NUMBER) return yield* readLongNumber(bytes, from, to);
  const token = rawText(bytes, from, to);
  const value = Number(token);
  return !Number.isSafeInteger(value) && INTEGER.test(token) ? BigInt(token) : value;
}

function rawText(bytes: Uint8Array, from: number, to: number): string {
  return latin1(bytes.subarray(from, to));
}
