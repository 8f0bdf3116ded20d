/**
 * The tags that all points of a body share. They are encoded once for a body and appended to each point that does not
 * have their key itself; which it has, the point's writer told by a bit.
 */
import { cleanCommonTags } from "./clean_text.ts";
import { encodeTag } from "./protobuf.ts";

/** The keys that common tags may have, each with a bit of its own. */
export interface CommonKeys {
  /** 0 for a key that has none: whether a point has it is then looked for in the point. */
  bitOf(name: string): number;
}

/** One tag, ready to be appended. */
export interface CommonTag {
  readonly key: string;
  readonly bit: number;
  readonly bytes: Uint8Array;
}

/** All of them, as known at one time. */
export interface CommonTags {
  readonly tags: readonly CommonTag[];
  /** All bits; `undefined` when a tag has none. */
  readonly mask: number | undefined;
  /** All tags in a row. */
  readonly bytes: Uint8Array;
  /** The same as text, under the rules. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Bits of a small integer, its sign left out. */
const MAX_BITS = 30;

/** Gives the first thirty names a bit each. */
export function createCommonKeys(names: Iterable<string>): CommonKeys {
  const bits = new Map<string, number>();
  for (const name of names) if (!bits.has(name) && bits.size < MAX_BITS) bits.set(name, 1 << bits.size);
  return { bitOf: (name) => bits.get(name) ?? 0 };
}

/** Encodes tags under the rules; of what the rules leave nothing, there is nothing. */
export function encodeCommonTags(tags: ReadonlyMap<string, string>, keys: CommonKeys): CommonTags {
  const texts = cleanCommonTags(tags);
  const encoded = Array.from(texts, ([key, value]): CommonTag => {
    return { key, bit: keys.bitOf(key), bytes: encodeTag(key, value) };
  });
  const bytes = new Uint8Array(encoded.reduce((sum, tag) => sum + tag.bytes.length, 0));
  let at = 0;
  let mask: number | undefined = 0;
  for (const tag of encoded) {
    bytes.set(tag.bytes, at);
    at += tag.bytes.length;
    mask = mask === undefined || tag.bit === 0 ? undefined : mask | tag.bit;
  }
  return { tags: encoded, mask, bytes, texts };
}
