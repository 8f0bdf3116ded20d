/**
 * Passes over v1.0's own structures. Plain msgpack cannot do it: a key-value list may be a map that has three values
 * for each of its pairs, and the strings within count. In steps, and without recursion.
 */
import {
  DecodeError,
  isAtMap,
  isAtString,
  type MsgpackCursor,
  skipSome,
  takeArray,
  takeMap,
  takeNumber,
  takeText,
} from "./msgpack_cursor.ts";
import { MAX_DEPTH } from "./msgpack_value.ts";
import { STEP } from "./span_form.ts";
import type { StreamingStrings } from "./streaming_strings.ts";

/** Types of attribute values. */
export const TYPE = { text: 1, boolean: 2, float: 3, integer: 4, bytes: 5, array: 6, keyValues: 7 } as const;

/** What a frame's items are. */
export const ATTRIBUTE = 0;
export const VALUE = 1;
export const LINKS = 2;
export const EVENTS = 3;
const LINK_MEMBER = 4;
const EVENT_MEMBER = 5;
export type Items =
  | typeof ATTRIBUTE
  | typeof VALUE
  | typeof LINKS
  | typeof EVENTS
  | typeof LINK_MEMBER
  | typeof EVENT_MEMBER;

/** Passes over what is begun. */
export interface V10Walk {
  /** Begins this many items. */
  begin(items: Items, count: number): void;
  /** Begins the list of links or events at the cursor. */
  beginList(items: typeof LINKS | typeof EVENTS): void;
  /** Passes over an attribute's value. */
  passValue(type: number): void;
  /** Passes over what is left of an attribute whose key was no string, or whose type is no number. */
  passAttribute(hasKey: boolean): void;
  /** Goes on with it; true when it is passed. */
  passSome(): boolean;
}

/** A walk with nothing begun. */
export function createV10Walk(cursor: MsgpackCursor, strings: StreamingStrings): V10Walk {
  const items: Items[] = [];
  const left: number[] = [];
  cursor.onSkippedText = strings.add;

  function begin(kind: Items, count: number): void {
    if (count <= 0) return;
    items.push(kind);
    left.push(count);
  }

  function passValue(type: number): void {
    switch (type) {
      case TYPE.text:
        strings.take(cursor);
        return;
      case TYPE.boolean:
      case TYPE.float:
      case TYPE.integer:
        if (!takeNumber(cursor)) cursor.pending = 1;
        return;
      case TYPE.bytes:
        if (!takeText(cursor)) cursor.pending = 1;
        return;
      case TYPE.array:
        return beginNested(VALUE);
      case TYPE.keyValues:
        return beginNested(ATTRIBUTE);
      default:
        cursor.pending = 1;
    }
  }

  function beginNested(kind: typeof VALUE | typeof ATTRIBUTE): void {
    const count = items.length < MAX_FRAMES ? itemsOf(cursor, kind) : -1;
    if (count < 0) cursor.pending = 1;
    else begin(kind, count);
  }

  function beginList(kind: typeof LINKS | typeof EVENTS): void {
    const count = takeArray(cursor);
    if (count < 0) cursor.pending = 1;
    else begin(kind, count);
  }

  function passItem(kind: Items): void {
    switch (kind) {
      case ATTRIBUTE:
        return passAttribute(strings.take(cursor));
      case VALUE:
        return passTyped();
      case LINKS:
        return beginMembers(LINK_MEMBER);
      case EVENTS:
        return beginMembers(EVENT_MEMBER);
      default:
        return passMember(kind === LINK_MEMBER ? 4 : 2);
    }
  }

  function passAttribute(hasKey: boolean): void {
    if (hasKey && cursor.pending === 0) passTyped();
    else begin(VALUE, 1);
  }

  function passTyped(): void {
    if (takeNumber(cursor)) passValue(cursor.number);
    else cursor.pending = 2;
  }

  function beginMembers(kind: typeof LINK_MEMBER | typeof EVENT_MEMBER): void {
    if (isAtMap(cursor)) begin(kind, takeMap(cursor));
    else cursor.pending = 1;
  }

  /** A member of a link or an event, of which one is a string and 3 are its attributes. */
  function passMember(stringKey: number): void {
    const key = takeKey(cursor);
    if (key === 3) beginNested(ATTRIBUTE);
    else if (key === stringKey) strings.take(cursor);
    else cursor.pending = 1;
  }

  function passSome(): boolean {
    for (let budget = STEP; budget > 0; budget--) {
      if (cursor.pending > 0 && !skipSome(cursor, STEP)) return false;
      const top = items.length - 1;
      const kind = items[top];
      if (kind === undefined) return true;
      const count = left[top] ?? 0;
      if (count === 0) {
        items.pop();
        left.pop();
      } else {
        left[top] = count - 1;
        passItem(kind);
      }
    }
    return false;
  }

  return {
    begin,
    beginList,
    passValue,
    passAttribute: (hasKey) => {
      if (hasKey) cursor.pending = 2;
      else begin(VALUE, 1);
    },
    passSome,
  };
}

/** Frames at once: a list of links, a link, its attributes, and values in values. */
const MAX_FRAMES = MAX_DEPTH + 4;

/** Items of the attributes or values that begin at the cursor; -1 when none do, and they are left. */
export function itemsOf(cursor: MsgpackCursor, kind: typeof VALUE | typeof ATTRIBUTE): number {
  if (kind === ATTRIBUTE && isAtMap(cursor)) return takeMap(cursor);
  const count = takeArray(cursor);
  const parts = kind === ATTRIBUTE ? 3 : 2;
  if (count < 0 || count % parts === 0) return count < 0 ? count : count / parts;
  throw new DecodeError(
    kind === ATTRIBUTE
      ? `Cannot decode traces as attributes come in threes: current value is ${count}`
      : `Cannot decode traces as array values come in twos: current value is ${count}`,
  );
}

/** A member's key. */
export function takeKey(cursor: MsgpackCursor): number {
  if (isAtString(cursor)) {
    throw new DecodeError("Cannot decode traces as keys must be integers: current value is a text");
  }
  if (takeNumber(cursor)) return cursor.number;
  throw new DecodeError("Cannot decode traces as keys must be integers: current value is of another type");
}
