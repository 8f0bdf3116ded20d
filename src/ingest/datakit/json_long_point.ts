/** Reads a point in JSON that is too long to be parsed in one go; long values of it stay in the body. */
import { type JsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import { rawText } from "../../json/json_scanner.ts";
import { createJsonWalk, JsonEvent, type JsonWalk } from "../../json/json_walk.ts";
import { longContent, readBeginning } from "../../point/long_text.ts";
import { BodyTexts } from "./body_texts.ts";
import { MAX_PARTS } from "./decoded.ts";
import { createWork, type JsonContainer, passContainer } from "./json_container.ts";
import { type JsonString, LONG_STRING, nameOf, pieceOf, shortText } from "./json_name.ts";
import { JSON_TEXT } from "./json_text.ts";
import { normalJson, readNumber } from "./json_normal.ts";
import type { OpenObject } from "./json_open_object.ts";
import { createMembers, type Members } from "./json_members.ts";
import { LongJson, ReadFields, ReadTags, TypedList, typedScalar } from "./json_point.ts";
import { createLongBase64 } from "./long_base64.ts";
import { listInSteps, type ListItem } from "./long_list.ts";

/** A generator that stops where something else may run, and returns a value. */
type Steps<T> = Generator<undefined, T, undefined>;

/** A shorter object or list that is to become text is parsed at once: nothing in it nests too deep. In bytes. */
const SHORT = 256;
/** A shorter list of scalars, likewise. */
const SHORT_LIST = 32 * 1024;
/** What stands for an object or list where none may be: it is nothing that may be there either. */
const OTHER: readonly never[] = [];
const LETTER_N = 0x6e;
const LETTER_T = 0x74;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The members that are looked at, of a point and in PB-JSON of a field, an array, and a value in that. */
const POINT: ReadonlySet<string> = new Set(["measurement", "name", "time", "tags", "fields"]);
const VALUE: ReadonlySet<string> = new Set(["i", "u", "f", "b", "d", "s"]);
const FIELD: ReadonlySet<string> = new Set([...VALUE, "key", "is_tag", "isTag", "a"]);
const ARRAY: ReadonlySet<string> = new Set(["arr"]);

/** The members of the point at `bytes[from, to)`, which is JSON; `undefined`: it is no object. */
export function* readLongPoint(bytes: Uint8Array, from: number, to: number): Steps<JsonObject | undefined> {
  const walk = createJsonWalk(bytes, from, to, { isChecked: true });
  const event = yield* nextEvent(walk);
  return event === JsonEvent.object ? yield* createReader(bytes, walk).point() : undefined;
}

function* nextEvent(walk: JsonWalk): Steps<JsonEvent> {
  for (;;) {
    const event = walk.next();
    if (event !== JsonEvent.more) return event;
    yield;
  }
}

/** Reads the value that the walk has come to by `event`; `name` is that of the member. */
type ReadValue = (event: JsonEvent, name: string) => Steps<unknown>;

function createReader(bytes: Uint8Array, walk: JsonWalk): { readonly point: () => Steps<JsonObject> } {
  const work = createWork();
  const openObjects: OpenObject[] = [];
  const next = (): Steps<JsonEvent> => nextEvent(walk);

  /** The string that the walk has come to. */
  function string(): JsonString {
    return { bytes, from: walk.from, to: walk.to, isEscaped: walk.isEscaped };
  }

  function textOf({ from, to }: JsonContainer): string {
    return rawText({ bytes, at: from, end: to }, from, to);
  }

  /** The members of the object that is open that are wanted. */
  function* members(wanted: ReadonlySet<string>, read: ReadValue): Steps<JsonObject> {
    const values: Record<string, unknown> = {};
    for (;;) {
      if (work.isDone(walk)) yield;
      const key = yield* next();
      if (key === JsonEvent.close) return values;
      // No longer one is that of a member that is known.
      const name = walk.to - walk.from > SHORT ? "" : shortText(string());
      const event = yield* next();
      if (wanted.has(name)) values[name] = yield* read(event, name);
      else yield* pass(event);
    }
  }

  /** All members of the object that is open, `most` of them at most. */
  function* allMembers(isTags: boolean, most: number): Steps<Members<unknown>> {
    const values = createMembers<unknown>();
    for (;;) {
      if (work.isDone(walk)) yield;
      const key = yield* next();
      if (key === JsonEvent.close) return values;
      const name = yield* nameOf(string());
      const event = yield* next();
      if (values.size >= most && !values.has(name)) yield* pass(event);
      else values.set(name, yield* simple(event, isTags));
    }
  }

  /** Passes over what the walk has come to. */
  function* pass(event: JsonEvent): Steps<void> {
    const { depth } = walk;
    if (event !== JsonEvent.object && event !== JsonEvent.list) return;
    while (walk.depth >= depth) if (walk.next() === JsonEvent.more || work.isDone(walk)) yield;
  }

  /** A value that may be no object and no list. */
  function* plain(event: JsonEvent): Steps<unknown> {
    switch (event) {
      case JsonEvent.string:
        return walk.to - walk.from <= LONG_STRING ? shortText(string()) : longString();
      case JsonEvent.number:
        return yield* readNumber(bytes, walk.from, walk.to);
      case JsonEvent.literal: {
        const first = bytes[walk.from];
        return first === LETTER_N ? null : first === LETTER_T;
      }
      default:
        yield* pass(event);
        return OTHER;
    }
  }

  function longString(): LongJson {
    return new LongJson(longContent([pieceOf(string())]));
  }

  /** A value of the simple form; as a tag even a list is text. */
  function* simple(event: JsonEvent, isTag: boolean): Steps<unknown> {
    if (event !== JsonEvent.object && event !== JsonEvent.list) return yield* plain(event);
    const container = yield* passContainer(bytes, walk, walk.depth - 1, openObjects);
    if (container.to - container.from <= SHORT) return tryParseExactJson(textOf(container));
    if (isTag) return yield* beginningOfJson(container);
    if (container.isList && !container.has.other) return yield* scalars(container);
    return new LongJson(longContent(normalJson(bytes, container)));
  }

  /** Far more than the rules leave of a tag. */
  function* beginningOfJson(container: JsonContainer): Steps<string> {
    return decoder.decode(yield* readBeginning(normalJson(bytes, container), LONG_STRING));
  }

  function* scalars(list: JsonContainer): Steps<unknown> {
    const { from, to, has } = list;
    if (to - from <= SHORT_LIST) return tryParseExactJson(textOf(list));
    if (has.text && has.plain) return new LongJson(longContent(normalJson(bytes, list, true)));
    return yield* readScalars(bytes, list);
  }

  function* point(): Steps<JsonObject> {
    return yield* members(POINT, readMember);
  }

  function* readMember(event: JsonEvent, name: string): Steps<unknown> {
    if (event === JsonEvent.object && name === "tags") return yield* simpleTags();
    if (event === JsonEvent.object && name === "fields") return yield* simpleFields();
    return event === JsonEvent.list && name === "fields" ? yield* typedFields() : yield* plain(event);
  }

  function* simpleTags(): Steps<ReadTags> {
    const tags = new ReadTags();
    yield* (yield* allMembers(true, Infinity)).each((key, value) => tags.add(key, value));
    return tags;
  }

  function* simpleFields(): Steps<ReadFields> {
    const fields = new ReadFields(false);
    // One too many tells that there are.
    yield* (yield* allMembers(false, MAX_PARTS + 1)).each((key, value) => fields.addSimple(key, value));
    return fields;
  }

  function* typedFields(): Steps<ReadFields> {
    const parts = new ReadFields(true);
    for (;;) {
      const event = yield* next();
      if (event === JsonEvent.close) return parts;
      const field = event === JsonEvent.object ? yield* members(FIELD, readTyped) : yield* plain(event);
      if (parts.tags.length + parts.fields.length <= MAX_PARTS) parts.addTyped(field);
    }
  }

  function* readTyped(event: JsonEvent, name: string): Steps<unknown> {
    if (name === "a" && event === JsonEvent.object) {
      const { arr } = yield* members(
        ARRAY,
        (value) => value === JsonEvent.list ? typedItems() : plain(value),
      );
      return arr instanceof TypedList ? arr : new TypedList([]);
    }
    if (event !== JsonEvent.string) return yield* plain(event);
    if (name === "key") return yield* nameOf(string());
    return name === "d" && walk.to - walk.from > LONG_STRING ? yield* base64() : yield* plain(event);
  }

  function* base64(): Steps<unknown> {
    const decoding = createLongBase64(pieceOf(string()));
    while (!decoding.step()) yield;
    return decoding.result() ?? OTHER;
  }

  function* typedItems(): Steps<TypedList> {
    const items: ListItem[] = [];
    let isMalformed = false;
    for (;;) {
      const event = yield* next();
      if (event === JsonEvent.close) break;
      const parsed = typedScalar(
        event === JsonEvent.object ? yield* members(VALUE, readItem) : yield* plain(event),
      );
      if (parsed === "malformed" || parsed.value === undefined) isMalformed = true;
      else items.push(parsed.value);
    }
    return new TypedList(isMalformed ? undefined : yield* listInSteps(items));
  }

  /** Of texts there may be very many: long ones stay where they lie. */
  function* readItem(event: JsonEvent, name: string): Steps<unknown> {
    const isText = event === JsonEvent.string && name === "s" && walk.to - walk.from > SHORT;
    return isText ? longString() : yield* readTyped(event, name);
  }

  return { point };
}

/** The items of a list of texts only, which stay where they lie, or of numbers and booleans only. */
function* readScalars(bytes: Uint8Array, { from, to, has }: JsonContainer): Steps<unknown> {
  const walk = createJsonWalk(bytes, from, to, { isChecked: true });
  const work = createWork();
  const texts = new BodyTexts(bytes, JSON_TEXT);
  const items: unknown[] = [];
  yield* nextEvent(walk);
  for (;;) {
    const event = yield* nextEvent(walk);
    if (event === JsonEvent.close) break;
    if (event === JsonEvent.string) texts.add(walk.from, walk.to);
    else if (event === JsonEvent.number) items.push(yield* readNumber(bytes, walk.from, walk.to));
    else items.push(bytes[walk.from] === LETTER_T);
    if (work.isDone(walk)) yield;
  }
  return has.text ? new LongJson({ type: "string", isList: true, texts }) : items;
}
