/**
 * Dataway's part in every test that has a socket: takes uploads over loopback, is as strict as can be about their form,
 * keeps what it accepted, and misbehaves on request: requests that break a rule get 4xx and use up no step.
 */
import { gunzipSync } from "node:zlib";
import { CATEGORIES, type Category } from "../../src/point/point.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";
import type { RawRequest } from "./raw_http.ts";
import {
  type Reception,
  type Script,
  type ScriptControls,
  startScriptedServer,
  statusOf,
  type TlsIdentity,
} from "./scripted_server.ts";

/** The token of {@link DatawayDouble.url}. */
export const TEST_TOKEN = "tkn_0123456789abcdef0123456789abcdef";

export interface DatawayDoubleOptions {
  /** @default 0 (any free port) */
  readonly port?: number;
  /** Path prefix of {@link DatawayDouble.url}, e.g. `/proxy/dataway`. @default none */
  readonly prefix?: string;
  /** Serves TLS with these PEM texts. */
  readonly tls?: TlsIdentity;
  /** The largest body before compression that is in order, in bytes. @default 1 MiB */
  readonly maxRawBodyBytes?: number;
  /**
   * `keep`: decoded when they arrive, and kept; `watch`: decoded, for `onUpload` and the script alone; `count`: bodies
   * are not even inflated, so uploads have no points and a wrong form goes unseen. @default keep
   */
  readonly uploads?: "keep" | "watch" | "count";
  readonly onUpload?: (...upload: Parameters<UploadWatcher>) => ReturnType<UploadWatcher> | void;
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

export interface DatawayDouble extends ScriptControls, AsyncDisposable {
  /** As for `ENV_DATAWAY`, token included. */
  readonly url: string;
  readonly port: number;
  /** All requests in order of arrival, refused and unanswered ones too. Empty unless they are kept. */
  readonly requests: readonly ReceivedUpload[];
  /** What was wrong with requests, in words. Empty is what tests want. */
  readonly violations: readonly string[];
  /** Points of requests that were answered 2xx, in order. */
  points(category?: Category, measurement?: string): readonly ReceivedPoint[];
  /** From now on `/v1/datakit/pull` answers this; before, there is no such route. */
  pull(body: string): void;
  /** The headers of what was answered so. */
  readonly pulls: readonly Headers[];
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
  const { port = 0, prefix = "", tls, maxRawBodyBytes = 1024 * 1024, uploads = "keep", onUpload } = options;
  const requests: ReceivedUpload[] = [];
  const violations: string[] = [];
  const pulls: Headers[] = [];
  let pullBody: string | undefined;
  const watchers = new Set<() => void>();

  function receive(raw: RawRequest, script: Script): Reception {
    const isPull = raw.target === `${prefix}/v1/datakit/pull?token=${TEST_TOKEN}&filters=true`;
    if (pullBody !== undefined && isPull) {
      pulls.push(raw.headers);
      return { step: { status: 200, body: pullBody } };
    }
    const inspected = inspect(raw, prefix, uploads === "count" ? undefined : maxRawBodyBytes);
    for (const fault of inspected.faults) violations.push(`${raw.method} ${inspected.upload.path}: ${fault}`);
    const step = inspected.status ?? script.next(inspected.upload.points.length);
    const upload = { ...inspected.upload, status: statusOf(step) };
    if (uploads === "keep") requests.push(upload);
    const over = onUpload?.(upload, raw.body);
    for (const watch of watchers) watch();
    return typeof over === "function" ? { step, over } : { step };
  }

  const server = startScriptedServer({ port, tls, receive });
  const double: DatawayDouble = {
    ...server,
    url: `${server.origin}${prefix}?token=${TEST_TOKEN}`,
    requests,
    violations,
    points: (category, measurement) =>
      requests.filter((request) => request.status >= 200 && request.status < 300)
        .flatMap((request) => request.points)
        .filter((point) => category === undefined || point.category === category)
        .filter((point) => measurement === undefined || point.measurement === measurement),
    pull: (body) => void (pullBody = body),
    pulls,
    waitFor: (predicate, timeoutMs = 5000) => waitUntil(double, predicate, timeoutMs, watchers),
  };
  return Promise.resolve(double);
}

interface Inspected {
  readonly upload: Omit<ReceivedUpload, "status">;
  readonly faults: readonly string[];
  /** What a request this wrong is answered with, whatever the script says. */
  readonly status: number | undefined;
}

/** Without `maxRawBodyBytes` the body is not looked at. */
function inspect(raw: RawRequest, prefix: string, maxRawBodyBytes: number | undefined): Inspected {
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
  if (maxRawBodyBytes === undefined) return { upload, faults, status: faults.length > 0 ? 400 : undefined };
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
