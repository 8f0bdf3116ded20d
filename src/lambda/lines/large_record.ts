/** Large records, gone through in steps. */
import type { Steps } from "../../bounded_pattern.ts";
import { isJsonObject, type JsonObject } from "../../json/exact_json.ts";
import { createKeyOrder, isLarge, keysOf, markLarge } from "../../json/large_values.ts";
import type { RoleOf } from "./record_keys.ts";

/** Keys of a large object that are looked at in a step. */
const KEYS_AT_ONCE = 4096;
/** Members of objects in a record that have no role and are looked at. */
const SEEN_KEYS: readonly string[] = ["id", "extra"];

/** The members of both; where both have one, the first's. */
export function* joinSteps(first: JsonObject, second: JsonObject): Steps<JsonObject> {
  const joined: Record<string, unknown> = Object.create(null);
  const order = createKeyOrder();
  for (const from of [first, second]) {
    let count = 0;
    for (const key of keysOf(from)) {
      if (++count % KEYS_AT_ONCE === 0) yield;
      if (from === second && (second[key] === undefined || key in joined)) continue;
      joined[key] = from[key];
      order.add(key);
    }
  }
  markLarge(joined, yield* order.done());
  return joined;
}

/** An object without some of its members, in steps. */
export function* without(object: JsonObject, names: readonly string[]): Steps<JsonObject> {
  const { members, keys } = yield* pick(object, (key) => !names.includes(key));
  markLarge(members, keys);
  return members;
}

/** What of an object is looked at to read it as a log: all of one that is not large. */
export function* seenOf(object: JsonObject, roleOf: RoleOf): Steps<JsonObject> {
  if (!isLarge(object)) return object;
  const { members, keys } = yield* pick(
    object,
    (key) => roleOf(key) !== undefined || SEEN_KEYS.includes(key),
  );
  for (const key of keys) {
    const member = members[key];
    const isSeen = roleOf(key)?.kind === "nested" || key === "extra";
    if (isSeen && isJsonObject(member)) members[key] = yield* seenOf(member, roleOf);
  }
  return members;
}

interface Picked {
  readonly members: Record<string, unknown>;
  readonly keys: readonly string[];
}

/** The members of these keys, in steps. */
function* pick(object: JsonObject, isOne: (key: string) => boolean): Steps<Picked> {
  const members: Record<string, unknown> = Object.create(null);
  const keys: string[] = [];
  let count = 0;
  for (const key of keysOf(object)) {
    if (++count % KEYS_AT_ONCE === 0) yield;
    if (!isOne(key)) continue;
    members[key] = object[key];
    keys.push(key);
  }
  return { members, keys };
}
