/**
 * v1.0's strings: a literal is added to the payload's table and used, an integer refers to it. Also what is built
 * of them: attributes, and skipping, which must add the literals it passes or later references shift.
 * @see `spec/ingest.md` 3.7
 */
import { DecodeError, type MsgpackReader } from "./msgpack_reader.ts";
import type { Json } from "./span.ts";

/** Reads what holds streaming strings. */
export interface StreamingStrings {
  /** One string; empty for nil. */
  readonly take: () => string;
  /** A list of strings sent ahead (payload field 1). */
  readonly takeTable: () => void;
  /** Attributes: key, type and value in turn, flat in an array, or as many of the three as a map claims. */
  readonly takeAttributes: () => ReadonlyMap<string, Json>;
  /** Skips one value, adding the literals within. */
  readonly skip: () => void;
}

const MAX_DEPTH = 32;

/** The table of one payload, of `maxStrings` at most. */
export function createStreamingStrings(reader: MsgpackReader, maxStrings: number): StreamingStrings {
  const table: string[] = [""];
  const known = new Set<string>(table);

  function add(text: string): string {
    // The agent keeps each string once, so a literal sent again takes no number.
    if (known.has(text)) return text;
    if (table.length >= maxStrings) {
      throw new DecodeError(
        `Cannot decode traces as ${maxStrings} strings are the most: current value is more`,
      );
    }
    known.add(text);
    table.push(text);
    return text;
  }

  function take(): string {
    if (reader.nil()) return "";
    if (reader.atString()) return add(reader.text() ?? "");
    const index = reader.number() ?? -1;
    const text = table[index];
    if (text !== undefined) return text;
    throw new DecodeError(
      `Cannot decode traces as a string's number must be below ${table.length}: current value is ${index}`,
    );
  }

  function takeTable(): void {
    const count = reader.array();
    if (count === undefined) return skip();
    for (let i = 0; i < count; i++) add(reader.text() ?? "");
  }

  function skip(): void {
    reader.skip(add);
  }

  function takeAttributes(depth = 0): ReadonlyMap<string, Json> {
    const attributes = new Map<string, Json>();
    const pairs = reader.atMap() ? reader.map() : undefined;
    const items = pairs === undefined ? reader.array() : 3 * pairs;
    if (items === undefined) {
      skip();
      return attributes;
    }
    if (items % 3 !== 0) {
      throw new DecodeError(`Cannot decode traces as attributes come in threes: current value is ${items}`);
    }
    for (let i = 0; i < items; i += 3) {
      const key = take();
      attributes.set(key, takeValue(depth));
    }
    return attributes;
  }

  function takeValue(depth: number): Json {
    const type = reader.number();
    if (depth >= MAX_DEPTH) {
      skip();
      return null;
    }
    switch (type) {
      case 1:
        return take();
      case 2:
        return (reader.number() ?? 0) !== 0;
      case 3:
        return reader.number() ?? 0;
      case 4:
        return BigInt.asIntN(64, reader.integer());
      case 5:
        return reader.bytes() ?? null;
      case 6:
        return takeArray(depth);
      case 7:
        return takeAttributes(depth + 1);
      default:
        throw new DecodeError(
          `Cannot decode traces as an attribute's type must be 1 to 7: current value is ${type}`,
        );
    }
  }

  function takeArray(depth: number): Json {
    const values: Json[] = [];
    const items = reader.array();
    if (items === undefined) {
      skip();
      return values;
    }
    if (items % 2 !== 0) {
      throw new DecodeError(`Cannot decode traces as array values come in twos: current value is ${items}`);
    }
    for (let i = 0; i < items; i += 2) values.push(takeValue(depth + 1));
    return values;
  }

  return { take, takeTable, takeAttributes: () => takeAttributes(), skip };
}
