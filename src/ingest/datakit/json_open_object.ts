/** What is known of an object of a JSON body while its members are passed over. */
import { createMembers, isIndex, type Members } from "./json_members.ts";
import { type JsonString, LONG_STRING, nameOf, shortText } from "./json_name.ts";

/** So many members are told apart by hashes of their names; of more, or of such as look alike, the names are read. */
const NEAR = 32;
/** Of a member: its name's hash, begin and end, and whether that has escapes. */
const PLACES = 4;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A generator that stops where something else may run, and returns a value. */
type Steps<T> = Generator<undefined, T, undefined>;

/** An object that is open. It can begin anew as the next, of which a body may have very many. */
export interface OpenObject {
  /** Where it begins. */
  readonly from: number;
  begin(from: number): void;
  add(key: JsonString): Steps<void>;
  /** Where its members begin, in the order that they are written in; `undefined`: as they come. */
  order(): Steps<readonly number[] | undefined>;
}

/** An object in `bytes`. */
export function createOpenObject(bytes: Uint8Array): OpenObject {
  const near = new Uint32Array(NEAR * PLACES);
  let from = 0;
  let count = 0;
  /** No name comes twice, and none is an integer. */
  let isPlain = true;
  /** Where each name's last member begins. */
  let members: Members<number> | undefined;

  function begin(at: number): void {
    from = at;
    count = 0;
    isPlain = true;
    members = undefined;
  }

  function* add(key: JsonString): Steps<void> {
    if (members === undefined && count < NEAR && key.to - key.from <= LONG_STRING) return note(key);
    members ??= readNames();
    members.set(yield* nameOf(key), key.from - 1);
  }

  function note({ from: keyFrom, to, isEscaped }: JsonString): void {
    let hash = FNV_OFFSET;
    let every = 0;
    for (let at = keyFrom; at < to; at++) {
      const byte = bytes[at] ?? 0;
      every |= byte;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    hash >>>= 0;
    // Bytes that are no UTF-8 are the same name, whichever they are.
    isPlain &&= !isEscaped && every < 0x80 && !isDigit(bytes[keyFrom]) && !isNear(hash);
    const place = count++ * PLACES;
    near[place] = hash;
    near[place + 1] = keyFrom;
    near[place + 2] = to;
    near[place + 3] = isEscaped ? 1 : 0;
  }

  function isNear(hash: number): boolean {
    for (let i = 0; i < count; i++) if (near[i * PLACES] === hash) return true;
    return false;
  }

  /** The name at an index, which is no long one. */
  function nameAt(index: number): string {
    const place = index * PLACES;
    const [from, to] = [near[place + 1] ?? 0, near[place + 2] ?? 0];
    return shortText({ bytes, from, to, isEscaped: near[place + 3] === 1 });
  }

  function beginOf(index: number): number {
    return (near[index * PLACES + 1] ?? 0) - 1;
  }

  function readNames(): Members<number> {
    const read = createMembers<number>();
    for (let i = 0; i < count; i++) read.set(nameAt(i), beginOf(i));
    return read;
  }

  /** The order of few members: a map for each of very many objects would be much garbage. */
  function orderOfFew(): readonly number[] | undefined {
    const names: string[] = [];
    const begins: number[] = [];
    const indexes: number[] = [];
    let isAsItCame = true;
    for (let i = 0; i < count; i++) {
      const name = nameAt(i);
      const known = names.indexOf(name);
      if (known >= 0) {
        begins[known] = beginOf(i);
        isAsItCame = false;
        continue;
      }
      if (isIndex(name)) {
        isAsItCame &&= names.length === 0;
        indexes.push(names.length);
      }
      names.push(name);
      begins.push(beginOf(i));
    }
    if (isAsItCame) return undefined;
    indexes.sort((a, b) => Number(names[a]) - Number(names[b]));
    const others = begins.filter((_, index) => !indexes.includes(index));
    return [...indexes.map((index) => begins[index] ?? 0), ...others];
  }

  function* order(): Steps<readonly number[] | undefined> {
    if (members === undefined) return isPlain || count < 2 ? undefined : orderOfFew();
    if (members.isAsItCame) return undefined;
    const places: number[] = [];
    yield* members.each((_name, at) => void places.push(at));
    return places;
  }

  return {
    get from() {
      return from;
    },
    begin,
    add,
    order,
  };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
