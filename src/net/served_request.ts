/**
 * Requests as our own servers hand them to Hono and to the receivers. The runtime's `Request`, with its `Headers` and a
 * stream for the body, takes a tenth of the CPU of a whole invocation, and most of it for what nobody asks a server.
 */
import { createHeaderFields, type Field, type HeaderFields } from "../header_fields.ts";

/** A body, part by part. */
export interface BodySource {
  /** The next part, the caller's to keep; `undefined` at its end, or once it was cancelled. Throws when it breaks off. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Gives up the rest: a read under way ends at once. Never throws. */
  cancel(): void;
}

/** A body that `next` reads; `abandon`: the rest is not wanted. */
export function createBodySource(
  next: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
  abandon: () => void = () => {},
): BodySource {
  let isCancelled = false;
  /** Ends the read under way. */
  let end: ((nothing: undefined) => void) | undefined;
  return {
    read: () => {
      if (isCancelled) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        end = resolve;
        next().then(resolve, reject);
      });
    },
    cancel: () => {
      isCancelled = true;
      abandon();
      end?.(undefined);
    },
  };
}

/** What becomes a request. */
export interface RequestParts {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Names in lower case. */
  readonly fields: readonly Field[];
  /** @default the request has no body */
  readonly body?: BodySource | undefined;
}

/** Methods whose names are the same in small letters. @see https://fetch.spec.whatwg.org/#methods */
const ANY_CASE = /^(?:delete|get|head|options|post|put)$/i;

/** The part of `Request` that is asked for on a server. */
class ServedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;
  readonly source: BodySource | null;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  constructor({ method, url, fields, body }: RequestParts) {
    this.method = ANY_CASE.test(method) ? method.toUpperCase() : method;
    this.url = url;
    this.headers = createHeaderFields(fields);
    this.source = body ?? null;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.source === null) return null;
    return this.#body ??= toStream(this.source);
  }

  /** The body as text; throws when it breaks off. */
  async text(): Promise<string> {
    return this.source === null ? "" : await readText(this.source);
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return await new Response(this.body).bytes();
  }
}

/** A request. Nothing of its body is read before it is asked for. */
export function createServedRequest(parts: RequestParts): Request {
  // What is missing is asked for by nobody: a test goes through all that Hono and the receivers use.
  return new ServedRequest(parts) as unknown as Request;
}

/** The body of a request, ours or the runtime's; `null` when it has none. */
export function bodyOf(request: Pick<Request, "body">): BodySource | null {
  if (request instanceof ServedRequest) return request.source;
  return request.body === null ? null : fromStream(request.body);
}

/** All of a body as text. Throws when it breaks off. */
export async function readText(body: BodySource): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await body.read(); part !== undefined; part = await body.read()) {
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** Whether a request has a body, be it an empty one. */
export function hasBody(request: Pick<Request, "body">): boolean {
  return request instanceof ServedRequest ? request.source !== null : request.body !== null;
}

function fromStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodySource {
  // Not at once: who finds that another one reads it learns it by reading.
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  return {
    read: async () => (await (reader ??= body.getReader()).read()).value,
    cancel: () => void (reader ?? body).cancel().catch(() => {}),
  };
}

/** A stream that reads nothing ahead. */
function toStream(source: BodySource): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const part = await source.read();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
    cancel: () => source.cancel(),
  }, { highWaterMark: 0 });
}

/** A target and a host of which nothing changes in a URL. */
const PLAIN_TARGET = /^(?:\/\w[\w.~-]*)+\/?(?:\?[\w.~=&%:,-]*)?$/;
/** Hosts that were looked at: nearly all requests name the same few. */
const MAX_AUTHORITIES = 64;
const origins = new Map<string, string>();

/**
 * The URL of a target that came by HTTP; `undefined` when it is none that a request can have. What the client calls the
 * server is a part of it if it is a host, else the server's own address.
 */
export function requestUrl(target: string, host: string, localAddr: Deno.Addr): string | undefined {
  if (/^https?:\/\//i.test(target)) return parsed(target);
  const authority = /^(?:[\w.~%-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host) ? host : authorityOf(localAddr);
  if (!PLAIN_TARGET.test(target)) {
    return parsed(`http://${authority}${target.startsWith("/") ? "" : "/"}${target}`);
  }
  const known = origins.get(authority);
  if (known !== undefined) return known + target;
  const url = parsed(`http://${authority}`);
  if (url === undefined) return undefined;
  const origin = url.slice(0, -1);
  if (origins.size >= MAX_AUTHORITIES) origins.clear();
  origins.set(authority, origin);
  return origin + target;
}

function parsed(text: string): string | undefined {
  return URL.parse(text)?.href;
}

function authorityOf(address: Deno.Addr): string {
  if (!("hostname" in address)) return "localhost";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
