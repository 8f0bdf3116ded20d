import type { HeaderFields } from "../../header_fields.ts";

/** The body of one answer: up to its length, its last chunk, or the connection's end. */
export interface BodyReader {
  /** Takes what came. Throws `TypeError` when chunks are not written as they must be. */
  push(bytes: Uint8Array): void;
  /** The peer closed the connection. */
  end(): void;
  /** Nothing more will be taken. */
  isComplete(): boolean;
  /** It came to its own end, with nothing after it. */
  isReusable(): boolean;
  text(): string;
  /** What was kept of it. */
  bytes(): Uint8Array;
}

/** Takes bytes off one form of body. */
interface Framing {
  /** Hands on what belongs to the body; returns how many bytes of `bytes` it took, all unless the body has ended. */
  take(bytes: Uint8Array, keep: (part: Uint8Array) => void): number;
  hasEnded(): boolean;
}

/** Most bytes that are read of a chunk's size line, and of all trailers. */
const MAX_LINE_BYTES = 4096;
const LINE_FEED = 10;

/** A reader for the body that these headers announce; keeps at most `maxBytes` of it. */
export function createBodyReader(status: number, headers: HeaderFields, maxBytes: number): BodyReader {
  const framing = chooseFraming(status, headers);
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let isTooLong = false;
  let hasSurplus = false;
  let isClosed = false;

  function keep(part: Uint8Array): void {
    const room = maxBytes - keptBytes;
    isTooLong ||= part.byteLength > room;
    if (room <= 0 || part.byteLength === 0) return;
    const copy = part.slice(0, room);
    kept.push(copy);
    keptBytes += copy.byteLength;
  }

  return {
    push: (bytes) => {
      if (isTooLong || isClosed) return;
      hasSurplus ||= framing.take(bytes, keep) < bytes.byteLength;
    },
    end: () => void (isClosed = true),
    isComplete: () => isTooLong || isClosed || framing.hasEnded(),
    isReusable: () => framing.hasEnded() && !isTooLong && !hasSurplus && !isClosed,
    bytes: () => {
      const all = new Uint8Array(keptBytes);
      let at = 0;
      for (const part of kept) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    },
    text: () => {
      const decoder = new TextDecoder();
      return kept.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
    },
  };
}

function chooseFraming(status: number, headers: HeaderFields): Framing {
  if (status === 204 || status === 205 || status === 304) return createLength(0);
  const coding = headers.get("transfer-encoding");
  if (coding !== null) return /(^|,)\s*chunked\s*$/i.test(coding) ? createChunks() : createLength(Infinity);
  // A length named twice, or none: the connection's end is the body's.
  const length = headers.get("content-length") ?? "";
  return createLength(/^\d{1,15}$/.test(length) ? Number(length) : Infinity);
}

function createLength(lengthBytes: number): Framing {
  let left = lengthBytes;
  return {
    take: (bytes, keep) => {
      const part = bytes.subarray(0, left);
      keep(part);
      left -= part.byteLength;
      return part.byteLength;
    },
    hasEnded: () => left === 0,
  };
}

function createChunks(): Framing {
  let state: "size" | "data" | "after data" | "trailers" | "ended" = "size";
  let left = 0;
  let line = "";
  let trailerBytes = 0;

  function takeData(bytes: Uint8Array, keep: (part: Uint8Array) => void): number {
    const part = bytes.subarray(0, left);
    keep(part);
    left -= part.byteLength;
    if (left === 0) state = "after data";
    return part.byteLength;
  }

  function takeLine(bytes: Uint8Array): number {
    const end = bytes.indexOf(LINE_FEED);
    const taken = end < 0 ? bytes.byteLength : end + 1;
    if (state === "trailers") trailerBytes += taken;
    if (line.length + taken > MAX_LINE_BYTES || trailerBytes > MAX_LINE_BYTES) throw oddChunk();
    for (const byte of bytes.subarray(0, taken)) line += String.fromCharCode(byte);
    if (end < 0) return taken;
    const text = line.trimEnd();
    line = "";
    endLine(text);
    return taken;
  }

  function endLine(text: string): void {
    if (state === "trailers") {
      if (text === "") state = "ended";
    } else if (state === "after data") {
      if (text !== "") throw oddChunk();
      state = "size";
    } else {
      const [, digits] = /^([0-9a-f]{1,8})\s*(?:;|$)/i.exec(text) ?? [];
      if (digits === undefined) throw oddChunk();
      left = parseInt(digits, 16);
      state = left === 0 ? "trailers" : "data";
    }
  }

  return {
    take: (bytes, keep) => {
      let at = 0;
      while (at < bytes.byteLength && state !== "ended") {
        const rest = bytes.subarray(at);
        at += state === "data" ? takeData(rest, keep) : takeLine(rest);
      }
      return at;
    },
    hasEnded: () => state === "ended",
  };
}

function oddChunk(): TypeError {
  return new TypeError("Cannot read the answer as its chunks are not HTTP's");
}
