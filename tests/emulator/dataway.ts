/**
 * Dataway's part in scenarios: takes uploads over loopback, is as strict as can be about their form, keeps what it
 * accepted, and misbehaves on request.
 */
import { gunzipSync } from "node:zlib";
import { linkSignals } from "../../src/pipeline/deadline.ts";
import { CATEGORIES, type Category } from "../../src/point/point.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";
import { type RawAnswer, type RawRequest, serveRaw } from "./dataway_http.ts";

/** The token of {@link DatawayDouble.url}. */
export const TEST_TOKEN = "tkn_0123456789abcdef0123456789abcdef";

/**
 * What one request gets: a status; `hang`: nothing, ever; `reset`: the connection closed; `drip`: status 200 and a
 * body that never ends; a `flood` of what never ends, at full speed. `delayMs` comes before the answer. Requests that
 * break a rule get 4xx and use up no step.
 */
export type ReplyStep = number | ReplyDetails | "hang" | "reset" | "drip" | Flood;

/** Interim answers (`100 Continue`), headers behind a status of 200, or a body behind its head. */
export type Flood = "flood of interim answers" | "flood of headers" | "flood of body";

export interface ReplyDetails {
  readonly status: number;
  /** Value of `Retry-After`. */
  readonly retryAfter?: string | number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

export interface DatawayDoubleOptions {
  /** @default 0 (any free port) */
  readonly port?: number;
  /** Path prefix of {@link DatawayDouble.url}, e.g. `/proxy/dataway`. @default none */
  readonly prefix?: string;
  /** Serves TLS with these PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The largest body before compression that is in order, in bytes. @default 1 MiB */
  readonly maxRawBodyBytes?: number;
  readonly onUpload?: UploadWatcher;
}

/**
 * Told of each request when it is there, with its body as on the wire. What it returns is told when the request is
 * over: whether its sender was still there for the answer. Neither may throw.
 */
export type UploadWatcher = (
  upload: ReceivedUpload,
  body: Uint8Array<ArrayBuffer>,
) => (answered: boolean) => void;

/** A point Dataway was sent. */
export interface ReceivedPoint extends DecodedPoint {
  readonly category: Category;
}

/** One request, whatever became of it. */
export interface ReceivedUpload {
  readonly method: string;
  readonly path: string;
  readonly category: Category | undefined;
  readonly headers: Headers;
  /** Sizes of the body on the wire and inflated, in bytes. */
  readonly wireBytes: number;
  readonly rawBytes: number;
  readonly points: readonly ReceivedPoint[];
  /** What was answered; 0 for `hang` and `reset`. */
  readonly status: number;
  /** Equal numbers came over the same connection. */
  readonly connection: number;
}

export interface DatawayDouble extends AsyncDisposable {
  /** As for `ENV_DATAWAY`, token included. */
  readonly url: string;
  readonly port: number;
  /** All requests in order of arrival, refused and unanswered ones too. */
  readonly requests: readonly ReceivedUpload[];
  /** What was wrong with requests, in words. Empty is what tests want. */
  readonly violations: readonly string[];
  /** Points of requests that were answered 2xx, in order. */
  points(category?: Category, measurement?: string): readonly ReceivedPoint[];
  /** Appends steps for the next requests, one each. */
  reply(...steps: readonly ReplyStep[]): void;
  /** What requests get for which there is no step, or what decides it. @default 200 */
  otherwise(step: ReplyStep | ((points: number) => ReplyStep)): void;
  /** Takes back the steps not used yet. */
  clearReplies(): void;
  /** From now on `/v1/datakit/pull` answers this; before, there is no such route. */
  pull(body: string): void;
  /** The headers of what was answered so. */
  readonly pulls: readonly Headers[];
  /** Stops listening and closes every connection: from now on connections are refused. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): void;
  /** Whatever comes over connections open now gets no answer, as when a NAT gateway has forgotten them. */
  forgetConnections(): void;
  /** Resolves once `predicate` holds, looked at after each request. Rejects after `timeoutMs` with what came. */
  waitFor(predicate: (dataway: DatawayDouble) => boolean, timeoutMs?: number): Promise<void>;
}

const UPLOAD_PATH = /^(.*)\/v1\/write\/([a-z_]+)$/;
const DECODERS: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => DecodedPoint[]>> = {
  "application/line-protocol": decodeLineProtocol,
  "application/protobuf; proto=com.guance.Point": decodeProtobuf,
};

/** Starts a double on loopback. */
export function startDataway(options: DatawayDoubleOptions = {}): Promise<DatawayDouble> {
  const { port = 0, prefix = "", tls, maxRawBodyBytes = 1024 * 1024, onUpload = () => () => {} } = options;
  const address = { hostname: "127.0.0.1", port };
  const listener = listen(address);
  const requests: ReceivedUpload[] = [];
  const violations: string[] = [];
  const steps: ReplyStep[] = [];
  const pulls: Headers[] = [];
  let pullBody: string | undefined;
  const watchers = new Set<() => void>();
  /** Aborted when the double goes down or is disposed of: ends what waits in an answer. */
  let outage = new AbortController();
  let usual = (_points: number): ReplyStep => 200;
  let connections = 0;
  let forgotten = 0;

  function listen(where: typeof address): Deno.Listener {
    return tls === undefined ? Deno.listen(where) : Deno.listenTls({ ...where, ...tls });
  }

  async function answer(raw: RawRequest): Promise<RawAnswer> {
    using either = linkSignals(outage.signal, raw.gone);
    const { signal } = either;
    if (raw.connection <= forgotten) {
      await untilAborted(signal);
      return { kind: "reset" };
    }
    if (
      pullBody !== undefined && raw.target === `${prefix}/v1/datakit/pull?token=${TEST_TOKEN}&filters=true`
    ) {
      pulls.push(raw.headers);
      return { kind: "respond", status: 200, headers: new Headers(), body: pullBody };
    }
    const inspected = inspect(raw, prefix, maxRawBodyBytes);
    for (const fault of inspected.faults) violations.push(`${raw.method} ${inspected.upload.path}: ${fault}`);
    const step = inspected.status === undefined
      ? steps.shift() ?? usual(inspected.upload.points.length)
      : inspected.status;
    const details = typeof step === "object" ? step : { status: typeof step === "number" ? step : 0 };
    const upload = {
      ...inspected.upload,
      status: step === "drip" || step === "flood of body" ? 200 : details.status,
    };
    requests.push(upload);
    const answered = onUpload(upload, raw.body);
    for (const watch of watchers) watch();
    if (step === "hang") await untilAborted(signal);
    if (details.delayMs !== undefined) await delay(details.delayMs, signal);
    answered(!signal.aborted && details.status !== 0);
    if (step === "reset") return { kind: "reset" };
    if (step === "drip") return { kind: "drip" };
    if (isFlood(step)) return { kind: "flood", ...FLOODS[step] };
    return signal.aborted ? { kind: "reset" } : toAnswer(details);
  }

  let server: AsyncDisposable | undefined = serveRaw(listener, answer, () => ++connections);
  const at = (listener.addr as Deno.NetAddr).port;
  const double: DatawayDouble = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${at}${prefix}?token=${TEST_TOKEN}`,
    port: at,
    requests,
    violations,
    points: (category, measurement) =>
      requests.filter((request) => request.status >= 200 && request.status < 300)
        .flatMap((request) => request.points)
        .filter((point) => category === undefined || point.category === category)
        .filter((point) => measurement === undefined || point.measurement === measurement),
    reply: (...more) => void steps.push(...more),
    pull: (body) => void (pullBody = body),
    pulls,
    down: async () => {
      const closed = server;
      server = undefined;
      outage.abort();
      await closed?.[Symbol.asyncDispose]();
      outage = new AbortController();
    },
    up: () => void (server ??= serveRaw(listen({ ...address, port: at }), answer, () => ++connections)),
    forgetConnections: () => void (forgotten = connections),
    otherwise: (step) => void (usual = typeof step === "function" ? step : () => step),
    clearReplies: () => void (steps.length = 0),
    waitFor: (predicate, timeoutMs = 5000) => waitUntil(double, predicate, timeoutMs, watchers),
    async [Symbol.asyncDispose](): Promise<void> {
      outage.abort();
      await server?.[Symbol.asyncDispose]();
    },
  };
  return Promise.resolve(double);
}

const FLOODS: Readonly<Record<Flood, { readonly start: string; readonly more: string }>> = {
  "flood of interim answers": { start: "", more: "HTTP/1.1 100 Continue\r\n\r\n" },
  "flood of headers": { start: "HTTP/1.1 200 OK\r\n", more: "x-header: value\r\n" },
  "flood of body": { start: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", more: "4\r\nbody\r\n" },
};

function isFlood(step: ReplyStep): step is Flood {
  return typeof step === "string" && Object.hasOwn(FLOODS, step);
}

interface Inspected {
  readonly upload: Omit<ReceivedUpload, "status">;
  readonly faults: readonly string[];
  /** What a request this wrong is answered with, whatever the script says. */
  readonly status: number | undefined;
}

function inspect(raw: RawRequest, prefix: string, maxRawBodyBytes: number): Inspected {
  const url = new URL(raw.target, "http://dataway");
  const [, before, word] = UPLOAD_PATH.exec(url.pathname) ?? [];
  const category = CATEGORIES.find((known) => known === word);
  const upload = {
    method: raw.method,
    path: url.pathname,
    category,
    headers: raw.headers,
    wireBytes: raw.body.byteLength,
    rawBytes: raw.body.byteLength,
    points: [],
    connection: raw.connection,
  };
  if (raw.method !== "POST" || category === undefined || before !== prefix) {
    return { upload, faults: ["no such route"], status: 404 };
  }
  if (url.searchParams.get("token") !== TEST_TOKEN) return { upload, faults: ["wrong token"], status: 403 };
  const faults = checkHeaders(raw.headers);
  try {
    const body = inflate(raw);
    if (body.byteLength > maxRawBodyBytes) faults.push(`raw body of ${body.byteLength} bytes`);
    const points = decodeBody(raw.headers, body).map((point) => ({ ...point, category }));
    if (points.length === 0) faults.push("no points");
    if (raw.headers.get("x-points") !== String(points.length)) {
      faults.push(`X-Points is ${raw.headers.get("x-points")} for ${points.length} points`);
    }
    const status = faults.length > 0 ? 400 : undefined;
    return { upload: { ...upload, rawBytes: body.byteLength, points }, faults, status };
  } catch (error) {
    return { upload, faults: [...faults, `undecodable: ${error}`], status: 400 };
  }
}

function checkHeaders(headers: Headers): string[] {
  const faults: string[] = [];
  if (!/^dk_[0-9a-z]{20}$/.test(headers.get("x-pkg-id") ?? "")) faults.push("X-Pkg-Id is none");
  if (!/^datakit-lambda-extension\/\S+$/.test(headers.get("user-agent") ?? "")) {
    faults.push("User-Agent is not ours");
  }
  if (!headers.has("content-length")) faults.push("no Content-Length");
  if (headers.has("authorization")) faults.push("Authorization is not Dataway's way");
  return faults;
}

function inflate({ headers, body }: RawRequest): Uint8Array<ArrayBuffer> {
  const encoding = headers.get("content-encoding");
  if (encoding === null) return body;
  if (encoding !== "gzip") throw new TypeError(`content encoding ${encoding}`);
  return new Uint8Array(gunzipSync(body));
}

function decodeBody(headers: Headers, body: Uint8Array<ArrayBuffer>): DecodedPoint[] {
  const contentType = headers.get("content-type") ?? "";
  const decode = Object.hasOwn(DECODERS, contentType) ? DECODERS[contentType] : undefined;
  if (decode === undefined) throw new TypeError(`content type ${contentType}`);
  return decode(body);
}

function toAnswer({ status, retryAfter, body, headers }: ReplyDetails): RawAnswer {
  const all = new Headers(headers);
  if (retryAfter !== undefined) all.set("retry-after", String(retryAfter));
  return {
    kind: "respond",
    status,
    headers: all,
    body: body ?? (status < 300 ? "" : `{"error_code":"test.${status}"}`),
  };
}

async function waitUntil(
  double: DatawayDouble,
  predicate: (dataway: DatawayDouble) => boolean,
  timeoutMs: number,
  watchers: Set<() => void>,
): Promise<void> {
  if (predicate(double)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watch = (): void => {
    try {
      if (predicate(double)) resolve();
    } catch (error) {
      reject(error);
    }
  };
  const timer = setTimeout(() => {
    const came = double.requests.map(({ path, points, status }) =>
      `${path} ${points.length} points ${status}`
    );
    const faults = double.violations.join("; ") || "none";
    reject(
      new Error(
        `Dataway waited ${timeoutMs} ms; came: ${came.join(", ") || "nothing"}; violations: ${faults}`,
      ),
    );
  }, timeoutMs);
  watchers.add(watch);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    watchers.delete(watch);
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
