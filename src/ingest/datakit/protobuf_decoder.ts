import type { LongContent } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import { decodeField, type MemberBudget } from "../../point/protobuf_decoder.ts";
import { createProtobufReader, nextField, type ProtobufReader } from "../../point/protobuf_reader.ts";
import { MAX_PARTS, TOO_MANY_PARTS } from "./decoded.ts";
import { decodeLongField, LONGEST_NAME_BYTES, type LongPair } from "./protobuf_long.ts";
import { type Precision, toNs } from "./precision.ts";
import { type Malformed, NOTHING_YET, type WireDecoder, type WirePoint } from "./wire_point.ts";

/** Each part has its key, its value and that it is a tag. */
const MAX_MEMBERS = 4 * MAX_PARTS;
/** Members that say nothing and are passed over in one go. */
const STEP = 65_536;
/** Of a longer point the texts and bytes stay where they lie until they are written. */
const LONG_BYTES = 64 * 1024;
const BROKEN: Malformed = { error: "Cannot read a point as its protobuf is broken", count: 1 };
const TOO_MANY: Malformed = {
  error: `Cannot read a point as ${TOO_MANY_PARTS}`,
  count: 1,
};

/**
 * A decoder of a `PBPoints` body; times are nanoseconds unless the request says otherwise. A point that is broken
 * inside its frame is malformed alone; one whose frame is broken ends the body, as nothing tells where the next begins.
 */
export function createProtobufDecoder(body: Uint8Array, precision: Precision): WireDecoder {
  const unit = precision === "auto" ? "n" : precision;
  // A text may begin with a byte order mark: it is the customer's.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = createProtobufReader(body);
  let isEnded = false;
  return {
    next: () => {
      for (let left = STEP; left > 0 && !isEnded; left--) {
        if (!nextField(reader)) {
          isEnded = true;
          return reader.failed ? BROKEN : undefined;
        }
        if (reader.field === 1 && reader.wireType === 2) return readPoint(reader.bytes, decoder, unit);
      }
      return isEnded ? undefined : NOTHING_YET;
    },
  };
}

/** A point while it is read. */
interface Parts {
  measurement: string;
  readonly tags: [string, string][];
  readonly fields: [string, FieldValue | LongContent | undefined][];
  time: bigint;
  isTrimmed: boolean;
}

function readPoint(bytes: Uint8Array, decoder: TextDecoder, unit: Precision): WirePoint | Malformed {
  const reader = createProtobufReader(bytes);
  const parts: Parts = { measurement: "", tags: [], fields: [], time: 0n, isTrimmed: false };
  const budget: MemberBudget = { left: MAX_MEMBERS };
  const decode = bytes.length > LONG_BYTES ? decodeLongField : decodeField;
  while (nextField(reader)) {
    budget.left--;
    readMember(reader, decoder, parts, (field) => decode(field, decoder, budget));
    if (budget.left < 0) return TOO_MANY;
  }
  if (reader.failed) return BROKEN;
  const { measurement, tags, fields, time, isTrimmed } = parts;
  const timeNs = time === 0n ? undefined : toNs(time, unit);
  return { measurement, tags, fields, timeNs, ...(isTrimmed ? { isTrimmed } : {}) };
}

function readMember(
  reader: ProtobufReader,
  decoder: TextDecoder,
  parts: Parts,
  decode: (field: Uint8Array) => LongPair | undefined,
): void {
  const { field, wireType } = reader;
  if (field === 1 && wireType === 2) {
    parts.measurement = decoder.decode(reader.bytes.subarray(0, LONGEST_NAME_BYTES));
  } else if (field === 3 && wireType === 0) parts.time = BigInt.asIntN(64, reader.varint);
  else if (field === 2 && wireType === 2) {
    const pair = decode(reader.bytes);
    if (pair === undefined) parts.isTrimmed = true;
    else if (!pair.isTag) parts.fields.push([pair.key, pair.value]);
    else if (typeof pair.value === "string") parts.tags.push([pair.key, pair.value]);
    else parts.isTrimmed ||= pair.value !== undefined;
  }
}
