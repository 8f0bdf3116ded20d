/** Objects and lists of a JSON body that become text: passed over in steps, and written again as they are then. */
import { JsonEvent, type JsonWalk } from "../../json/json_walk.ts";
import { createOpenObject, type OpenObject } from "./json_open_object.ts";
import { createMemberOrders, type MemberOrders } from "./member_orders.ts";

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
  readonly orders: MemberOrders;
}

/** Kinds that are among a list's items. */
export interface ItemKinds {
  text: boolean;
  /** Numbers and booleans. */
  plain: boolean;
  /** Objects, lists and nulls. */
  other: boolean;
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

/**
 * Passes over the object or list that the walk has just come to. `openObjects` are those that it uses, by their depths; it
 * adds what it needs, and they are free again when it has ended.
 */
export function* passContainer(
  bytes: Uint8Array,
  walk: JsonWalk,
  outerDepth: number,
  openObjects: OpenObject[],
): Generator<undefined, JsonContainer, undefined> {
  const { from, depth } = walk;
  const isList = bytes[from] === 0x5b;
  const has: ItemKinds = { text: false, plain: false, other: false };
  const orders = createMemberOrders();
  const open: (OpenObject | undefined)[] = [];
  const push = (at: number): void => {
    const object = openObjects[open.length] ??= createOpenObject(bytes);
    object.begin(at);
    open.push(object);
  };
  if (isList) open.push(undefined);
  else push(from);
  const work = createWork();
  while (walk.depth >= depth) {
    const event = walk.next();
    if (event === JsonEvent.more || work.isDone(walk)) yield;
    if (event === JsonEvent.more) continue;
    if (open.length === 1) note(has, event, bytes[walk.from]);
    const object = open.at(-1);
    if (event === JsonEvent.key && object !== undefined) {
      yield* object.add({ bytes, from: walk.from, to: walk.to, isEscaped: walk.isEscaped });
    } else if (event === JsonEvent.object) push(walk.from);
    else if (event === JsonEvent.list) open.push(undefined);
    else if (event === JsonEvent.close) {
      open.pop();
      const members = object === undefined ? undefined : yield* object.order();
      if (object !== undefined && members !== undefined) orders.add(object.from, members, walk.from);
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
