import { crc32 } from "node:zlib";

/** Knows telemetry batches again: the platform sends one again when it saw no answer to it. */
export interface BatchMemory {
  /** Whether this batch was here before. It is remembered from now on. */
  isRepeated(text: string, sequenceId: string | undefined): boolean;
}

/** The platform has one batch in flight, and sends that again. */
const REMEMBERED = 8;
/**
 * A batch without a Sequence-Id is the same if each of its characters is, and within this time: its events have times
 * of their own, so only a source that makes them up sends the same text twice. In ms.
 */
const SAME_TEXT_MS = 10_000;

/** Remembers nothing yet. `now` in Unix ms. */
export function createBatchMemory(now: () => number): BatchMemory {
  const ids: string[] = [];
  const texts: { readonly fingerprint: string; readonly at: number }[] = [];

  function isRepeatedText(text: string): boolean {
    const fingerprint = fingerprintOf(text);
    const at = now();
    const seen = texts.some((known) =>
      known.fingerprint === fingerprint && Math.abs(at - known.at) <= SAME_TEXT_MS
    );
    texts.push({ fingerprint, at });
    if (texts.length > REMEMBERED) texts.shift();
    return seen;
  }

  return {
    isRepeated: (text, sequenceId) => {
      if (sequenceId === undefined) return isRepeatedText(text);
      if (ids.includes(sequenceId)) return true;
      ids.push(sequenceId);
      if (ids.length > REMEMBERED) ids.shift();
      return false;
    },
  };
}

/** Length and 64 bits, of each half 32: the texts themselves would be up to 1 MiB each. The runtime's CRC is quick. */
function fingerprintOf(text: string): string {
  const middle = text.length >> 1;
  return `${text.length}/${crc32(text.slice(0, middle))}/${crc32(text.slice(middle))}`;
}
