import type { Intake } from "../../pipeline/receiver.ts";

/** Cuts a byte stream into packets. */
export interface Framer {
  /** Takes what was read; false when the stream cannot be understood any more. The chunk may be reused after. */
  push(chunk: Uint8Array): boolean;
  /** The stream has ended. */
  end(): void;
}

/** Where a framer's packets go. A packet is valid as long as the chunk that ended it. */
export interface FramerIntake {
  readonly feed: (packet: Uint8Array) => void;
  readonly refuse: Intake["refuse"];
}

/** Longest line, and longest packet of the length-prefixed form, in bytes: a datagram cannot hold more either. */
export const MAX_PACKET_BYTES = 65_536;
const LF = 10;

/** Lines ended by LF, over any number of reads; the last one may lack it. A line too long is counted and skipped. */
export function createLineFramer(intake: FramerIntake): Framer {
  let pending = new Uint8Array(0);
  let skipping = false;

  function hold(bytes: Uint8Array): void {
    if (skipping || bytes.length === 0) return;
    if (pending.length + bytes.length > MAX_PACKET_BYTES) {
      intake.refuse("too_large", 1);
      skipping = true;
      pending = new Uint8Array(0);
    } else pending = concat(pending, bytes);
  }

  return {
    push: (chunk): boolean => {
      let rest = chunk;
      if (skipping || pending.length > 0) {
        const lf = chunk.indexOf(LF);
        hold(lf < 0 ? chunk : chunk.subarray(0, lf));
        if (lf < 0) return true;
        if (!skipping) intake.feed(pending);
        pending = new Uint8Array(0);
        skipping = false;
        rest = chunk.subarray(lf + 1);
      }
      const lastLf = rest.lastIndexOf(LF);
      if (lastLf > 0) intake.feed(rest.subarray(0, lastLf));
      hold(rest.subarray(lastLf + 1));
      return true;
    },
    end: (): void => {
      if (!skipping && pending.length > 0) intake.feed(pending);
      pending = new Uint8Array(0);
    },
  };
}

/** Packets after a 4-byte little-endian length each. A length beyond the limit ends the stream. */
export function createLengthFramer(intake: FramerIntake): Framer {
  let pending = new Uint8Array(0);

  return {
    push: (chunk): boolean => {
      const bytes = pending.length === 0 ? chunk : concat(pending, chunk);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      while (at + 4 <= bytes.length) {
        const sizeBytes = view.getUint32(at, true);
        if (sizeBytes > MAX_PACKET_BYTES) {
          intake.refuse("too_large", 1);
          pending = new Uint8Array(0);
          return false;
        }
        if (at + 4 + sizeBytes > bytes.length) break;
        intake.feed(bytes.subarray(at + 4, at + 4 + sizeBytes));
        at += 4 + sizeBytes;
      }
      pending = bytes.slice(at);
      return true;
    },
    end: (): void => {
      if (pending.length > 0) intake.refuse("malformed", 1);
      pending = new Uint8Array(0);
    },
  };
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
