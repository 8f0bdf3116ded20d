/** Objects and lists of a JSON body that become text: passed over in steps, and written again as they are then. */
import { JsonEvent, type JsonWalk } from "../../json/json_walk.ts";
import { createMembers, type Members } from "./json_members.ts";
import { type JsonString, nameOf } from "./json_name.ts";

/** An object or list that was passed over. */
export interface JsonContainer {
  /** It is `bytes[from, to)`. */
  readonly from: number;
  readonly to: number;
  /** Objects and lists that it stands within. */
  readonly outerDepth: number;
  readonly isList: boolean;
  /** Of a list: what its own items are. */
  readonly has: ItemKinds;
  /**
   * Objects in it, by where they begin, whose members are written in another order than they come in: of a name that
   * comes twice the last value counts, at the first's place, and integers come first.
   */
  readonly orders: ReadonlyMap<number, MemberOrder>;
}

/** Where an object's members begin, in the order that they are written in, and where its last bracket is. */
export interface MemberOrder {
  readonly members: readonly number[];
  readonly closeAt: number;
}

/** Kinds that are among a list's items. */
export interface ItemKinds {
  text: boolean;
  /** Numbers and booleans. */
  plain: boolean;
  /** Objects, lists and nulls. */
  other: boolean;
}

/** An object that is open; the names of the members are kept from the second on. */
interface OpenObject {
  readonly from: number;
  count: number;
  first: JsonString | undefined;
  /** Where each name's last member begins. */
  members: Members<number> | undefined;
}

/** Work between two stops, in bytes; and what an event costs besides. */
const STEP = 16 * 1024;
const EVENT = 16;

/** Tells when enough was done. */
export interface Work {
  /** Whether to stop after an event that the walk came to. */
  isDone(walk: JsonWalk): boolean;
}

export function createWork(): Work {
  let work = 0;
  let at = 0;
  return {
    isDone: (walk) => {
      work += EVENT + Math.abs(walk.at - at);
      at = walk.at;
      if (work < STEP) return false;
      work = 0;
      return true;
    },
  };
}

/** Passes over the object or list that the walk has just come to. */
export function* passContainer(
  bytes: Uint8Array,
  walk: JsonWalk,
  outerDepth: number,
): Generator<undefined, JsonContainer, undefined> {
  const { from, depth } = walk;
  const isList = bytes[from] === 0x5b;
  const has: ItemKinds = { text: false, plain: false, other: false };
  const orders = new Map<number, MemberOrder>();
  const open: (OpenObject | undefined)[] = [isList ? undefined : openObject(from)];
  const work = createWork();
  while (walk.depth >= depth) {
    const event = walk.next();
    if (event === JsonEvent.more || work.isDone(walk)) yield;
    if (event === JsonEvent.more) continue;
    if (open.length === 1) note(has, event, bytes[walk.from]);
    const object = open.at(-1);
    if (event === JsonEvent.key && object !== undefined) {
      yield* addMember(object, { bytes, from: walk.from, to: walk.to, isEscaped: walk.isEscaped });
    } else if (event === JsonEvent.object) open.push(openObject(walk.from));
    else if (event === JsonEvent.list) open.push(undefined);
    else if (event === JsonEvent.close) {
      open.pop();
      const members = yield* orderOf(object);
      if (object !== undefined && members !== undefined) {
        orders.set(object.from, { members, closeAt: walk.from });
      }
    }
  }
  return { from, to: walk.to, outerDepth, isList, has, orders };
}

function note(has: ItemKinds, event: JsonEvent, first: number | undefined): void {
  if (event === JsonEvent.string) has.text = true;
  else if (event === JsonEvent.number) has.plain = true;
  else if (event === JsonEvent.literal && first !== 0x6e) has.plain = true;
  else if (event !== JsonEvent.close) has.other = true;
}

function openObject(from: number): OpenObject {
  return { from, count: 0, first: undefined, members: undefined };
}

function* addMember(object: OpenObject, key: JsonString): Generator<undefined, void, undefined> {
  if (object.count++ === 0) {
    object.first = key;
    return;
  }
  if (object.members === undefined && object.first !== undefined) {
    object.members = createMembers();
    object.members.set(yield* nameOf(object.first), object.first.from - 1);
  }
  object.members?.set(yield* nameOf(key), key.from - 1);
}

/** Where an object's members begin in the order that they are written in; `undefined`: as they come. */
function* orderOf(
  object: OpenObject | undefined,
): Generator<undefined, readonly number[] | undefined, undefined> {
  if (object?.members === undefined || object.members.isAsItCame) return undefined;
  const order: number[] = [];
  yield* object.members.each((_name, at) => void order.push(at));
  return order;
}
