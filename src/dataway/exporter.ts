import type { DatawayEndpoint } from "../config/dataway.ts";
import { makeClosable } from "../pipeline/closable_exporter.ts";
import { linkSignals } from "../pipeline/deadline.ts";
import type { Batch, Exporter, ExportResult } from "../pipeline/exporter.ts";
import { gzipAtOnce, gzipSteps, plainSteps } from "../pipeline/gzip.ts";
import { createTurns, inSlices } from "../pipeline/turns.ts";
import { type CommonKeys, type CommonTags, encodeCommonTags } from "../point/common_tags.ts";
import type { Encoding } from "../point/encoding.ts";
import { partsOf } from "../point/point_range.ts";
import { createSharedBounds } from "./bounds.ts";
import { createRedactor } from "../secrets.ts";
import { describeNetworkError } from "./error_text.ts";
import { createFailover } from "./failover.ts";
import type { Send } from "./http/message.ts";
import { buildUploadHeaders, buildUploadUrl, createPackageId } from "./request.ts";
import { decideResult } from "./response.ts";
import type { Sinker } from "./sinker.ts";

/** What {@link createDatawayExporter} is built with. */
export interface DatawayExporterOptions {
  readonly endpoints: readonly DatawayEndpoint[];
  readonly encoding: Encoding;
  /** Tags added to every point; asked for at each encoding, as some are known only after registration. */
  readonly commonTags: () => ReadonlyMap<string, string>;
  /** Keys that points tell by a bit whether they have them. */
  readonly commonKeys: CommonKeys;
  /** Upper bound of one body before compression, in bytes. */
  readonly maxRawBodyBytes: number;
  /** Longest time for the answer to one POST, in ms, counted from its own start. */
  readonly timeoutMs: number;
  readonly gzip: boolean;
  readonly send: Send;
  /** What routes points by their tags. @default none */
  readonly sinker?: Pick<Sinker, "headersOf"> | undefined;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Our own version. */
  readonly version: string;
}

/** A body up to this, before compression, is made at once: that takes about 1 ms of CPU. In bytes. */
const SMALL_BODY_BYTES = 64 * 1024;
/** … if it is of no more points than this, as lines are written point by point. */
const SMALL_BODY_POINTS = 256;

/** An answer that takes longer than this is not waited for where another Dataway may be asked. In ms. */
const NEXT_ENDPOINT_MS = 5_000;

interface Upload {
  readonly batch: Batch;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Uploads batches to Dataway. Of several endpoints the first one that takes a batch gets it: the next is asked if
 * one is out of order or refuses the token, and not if it refuses the data. Disposing ends uploads under way.
 *
 * @example
 * ```ts
 * await using exporter = createDatawayExporter({ ...config, encoding, commonTags, send: client.send, now, version });
 * const result = await exporter.export(batch, AbortSignal.timeout(2000));
 * ```
 */
export function createDatawayExporter(options: DatawayExporterOptions): Exporter & AsyncDisposable {
  const { endpoints, encoding, commonTags, maxRawBodyBytes, timeoutMs, now } = options;
  const redact = createRedactor(endpoints.map(({ token }) => token));
  const failover = createFailover(endpoints, now);
  const closing = new AbortController();
  const bounds = createSharedBounds(closing.signal, now);
  const turns = createTurns();
  let encoded: { readonly of: ReadonlyMap<string, string>; readonly tags: CommonTags } | undefined;

  /** Encoded when they change, not for each body. */
  function common(): CommonTags {
    const texts = commonTags();
    if (encoded?.of !== texts) encoded = { of: texts, tags: encodeCommonTags(texts, options.commonKeys) };
    return encoded.tags;
  }

  /** The body, or why there is none. */
  function encode(batch: Batch): Uint8Array<ArrayBuffer> | ExportResult {
    try {
      const raw = encoding.encode(batch, common());
      if (isTooLarge(raw.byteLength, batch)) return tooLarge(raw.byteLength);
      // However small: Guance's own notes doubt that its center takes plain bodies, see tests/spec/datakit.md 3.3.
      if (!options.gzip) return raw;
      const body = gzipAtOnce(raw);
      release(raw);
      return body;
    } catch (error) {
      return notEncoded(error);
    }
  }

  /** The same of a batch that would keep the event loop. One at a time, so that the first is on its way early. */
  async function encodeInTurn(
    batch: Batch,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | ExportResult> {
    using either = linkSignals(signal, closing.signal);
    const tags = common();
    let rawBytes = 0;
    function* rawParts(): Generator<Uint8Array> {
      for (const range of partsOf(batch.ranges, SMALL_BODY_POINTS, SMALL_BODY_BYTES)) {
        const points = { category: batch.category, ranges: [range] };
        for (const raw of encoding.pieces?.(points, tags) ?? [encoding.encode(points, tags)]) {
          rawBytes += raw.byteLength;
          if (isTooLarge(rawBytes, batch)) return;
          yield raw;
          if (options.gzip) release(raw);
        }
      }
    }
    try {
      const make = options.gzip ? gzipSteps : plainSteps;
      const body = await turns(() => inSlices(make(rawParts()), either.signal), either.signal);
      if (body === undefined) return { status: "retryable", error: "No time left to make a body" };
      return isTooLarge(rawBytes, batch) ? tooLarge(rawBytes) : body;
    } catch (error) {
      return notEncoded(error);
    }
  }

  function isSmall({ sizeBytes, count }: Batch): boolean {
    return count <= SMALL_BODY_POINTS && sizeBytes + count * encoding.growth(common()) <= SMALL_BODY_BYTES;
  }

  /** One point above the limit has no halves: Dataway itself may take up to 64 MiB. */
  function isTooLarge(bytes: number, { count }: Batch): boolean {
    return bytes > maxRawBodyBytes && count > 1;
  }

  function tooLarge(bytes: number): ExportResult {
    return { status: "too_large", error: `Cannot send a body above ${maxRawBodyBytes} bytes: ${bytes}` };
  }

  function headersOf(batch: Batch): Readonly<Record<string, string>> {
    const headers = buildUploadHeaders({
      contentType: encoding.contentType,
      gzip: options.gzip,
      points: batch.count,
      packageId: createPackageId(),
      version: options.version,
    });
    return { ...headers, ...options.sinker?.headersOf(batch) };
  }

  async function post(
    endpoint: DatawayEndpoint,
    upload: Upload,
    timeLimitMs: number,
    signal: AbortSignal,
  ): Promise<ExportResult> {
    using bound = bounds(signal, timeLimitMs);
    try {
      const { body, headers } = upload;
      const url = buildUploadUrl(endpoint, upload.batch.category);
      const answer = await options.send(url, { method: "POST", headers, body, signal: bound.signal });
      // Redacted before it is cut to a line's length: half a token would not be recognized.
      const result = decideResult({ ...answer, text: redact(answer.text) }, now());
      return result.status === "success" ? result : { ...result, error: redact(result.error) };
    } catch (error) {
      return {
        status: "retryable",
        error: `Cannot reach ${endpoint.base}: ${redact(describeNetworkError(error))}`,
      };
    }
  }

  async function exportBatch(
    batch: Batch,
    signal: AbortSignal,
    patienceMs: number,
  ): Promise<ExportResult> {
    const body = isSmall(batch) ? encode(batch) : await encodeInTurn(batch, signal);
    if ("status" in body) return body;
    const upload = { batch, body, headers: headersOf(batch) };
    return await failover((endpoint, timeLimitMs) => post(endpoint, upload, timeLimitMs, signal), {
      isOver: () => signal.aborted || closing.signal.aborted,
      patienceMs,
      timeoutMs,
    });
  }

  return makeClosable({
    name: "dataway",
    maxBatchBytes: maxRawBodyBytes,
    pointOverheadBytes: () => encoding.growth(common()),
    export: (batch, signal, patienceMs = NEXT_ENDPOINT_MS) =>
      exportBatch(batch, signal, Math.min(patienceMs, NEXT_ENDPOINT_MS)),
  }, closing);
}

function notEncoded(error: unknown): ExportResult {
  return { status: "failure", error: `Cannot encode: ${describeNetworkError(error)}`, reason: "rejected" };
}

/** Up to a megabyte that is not needed any more: not left to the garbage collector. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
