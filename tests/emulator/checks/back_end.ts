/** Whatever an extension sends its data to: takes any request, keeps what it acknowledged, and breaks on demand. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { startScriptedServer } from "../scripted_server.ts";
import { nowMs } from "../waiters.ts";
import { acceptedBy } from "./intake.ts";

/** How requests are met: a status, or nothing (`hang`), or a closed connection (`reset`). */
export type BackEndMode = number | "hang" | "reset";

/** One request. */
export interface BackEndRequest {
  /** Arrival, epoch ms. */
  readonly at: number;
  readonly path: string;
  readonly headers: Headers;
  /** Inflated where the encoding is known. */
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface BackEnd extends AsyncDisposable {
  /** `http://127.0.0.1:port`, for the variable that tells the extension where to send. */
  readonly url: string;
  /** Requests that were answered 2xx. */
  readonly taken: readonly BackEndRequest[];
  /** Requests in all, the unanswered ones too. */
  readonly requests: number;
  /** From now on. @default 200 */
  answer(mode: BackEndMode): void;
  /** Stops listening; connections are refused. */
  close(): Promise<void>;
  /** Connections that are open now get no answer any more, and are not closed either. */
  forgetConnections(): void;
  /** Whether this text is in a body that was taken. */
  has(text: string): boolean;
}

/** Starts one on a free port of the loopback. */
export function startBackEnd(): BackEnd {
  const taken: BackEndRequest[] = [];
  let requests = 0;
  const server = startScriptedServer({
    receive: ({ target, headers, body }, script) => {
      requests++;
      const step = script.next();
      if (typeof step !== "number" || step >= 300) return { step };
      const path = new URL(target, "http://back-end").pathname;
      taken.push({
        at: nowMs(),
        path,
        headers,
        body: decodeBackEndBody(headers.get("content-encoding"), body),
      });
      return { step: acceptedBy(path, headers.get("content-type") ?? "") };
    },
  });
  return {
    url: server.origin,
    taken,
    get requests() {
      return requests;
    },
    answer: server.otherwise,
    close: server.down,
    forgetConnections: server.forgetConnections,
    has: (text) => taken.some(({ body }) => new TextDecoder().decode(body).includes(text)),
    [Symbol.asyncDispose]: server.down,
  };
}

const GZIP_MAGIC = [0x1f, 0x8b];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** A body without its encoding; as it came where that is not known or not true. */
export function decodeBackEndBody(
  encoding: string | null,
  body: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  try {
    switch (encoding?.trim().toLowerCase() ?? "") {
      case "gzip":
      case "x-gzip":
        return new Uint8Array(gunzipSync(body));
      case "deflate":
        return inflateEither(body);
      case "br":
        return new Uint8Array(brotliDecompressSync(body));
      case "zstd":
        return new Uint8Array(zstdDecompressSync(body));
      case "":
      case "identity":
        if (startsWith(body, GZIP_MAGIC)) return new Uint8Array(gunzipSync(body));
        if (startsWith(body, ZSTD_MAGIC)) return new Uint8Array(zstdDecompressSync(body));
    }
  } catch {
    // Kept as it came.
  }
  return body;
}

/** With zlib's head, as the standard says, or without, as some send it. */
function inflateEither(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(inflateSync(body));
  } catch {
    return new Uint8Array(inflateRawSync(body));
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
