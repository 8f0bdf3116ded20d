import type { Environment } from "../../src/config/reader.ts";

/** One thing that a client does. */
export type Request =
  | {
    readonly path: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: Uint8Array<ArrayBuffer> | string;
  }
  /** A unary call over OTLP/gRPC, its body with the frame. */
  | { readonly grpc: string; readonly body: Uint8Array<ArrayBuffer> }
  /** A StatsD datagram. */
  | { readonly packet: string };

/** What is fed to one run of the program. */
export interface Input {
  /** Unique in its group; the golden file's key. */
  readonly name: string;
  readonly env?: Environment;
  readonly requests: readonly Request[];
}

/** Requests that must give the same points, under one golden entry: the encodings of one protocol. */
export interface Variants {
  readonly name: string;
  readonly env?: Environment;
  readonly variants: Readonly<Record<string, readonly Request[]>>;
}

/** Inputs whose outcomes are in one golden file. */
export interface Group {
  readonly name: string;
  readonly inputs: readonly (Input | Variants)[];
}

interface RecordedRequest {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly grpc?: string;
  readonly packet?: string;
  /** As it was sent; `body` is base64. */
  readonly text?: string;
  readonly body?: string;
}

/** What a real client sent, out of `recorded/<client>.json`. */
export function recorded(client: string): Input {
  return {
    name: client,
    // Read when it is needed: plain `deno test` loads this file, too, and may read none.
    get requests(): readonly Request[] {
      const url = new URL(`./recorded/${client}.json`, import.meta.url);
      const list: readonly RecordedRequest[] = JSON.parse(Deno.readTextFileSync(url));
      return list.map(toRequest);
    },
  };
}

function toRequest({ path = "", method, headers, grpc, packet, text, body = "" }: RecordedRequest): Request {
  if (packet !== undefined) return { packet };
  const bytes = Uint8Array.fromBase64(body);
  if (grpc !== undefined) return { grpc, body: bytes };
  return {
    path,
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
    body: text ?? bytes,
  };
}
