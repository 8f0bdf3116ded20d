import { gzipSync, type ZlibOptions } from "node:zlib";
import type { DatawayEndpoint } from "../config/dataway.ts";
import { makeClosable } from "../pipeline/closable_exporter.ts";
import type { Batch, Exporter, ExportResult } from "../pipeline/exporter.ts";
import { type CommonKeys, type CommonTags, encodeCommonTags } from "../point/common_tags.ts";
import type { Encoding } from "../point/encoding.ts";
import { boundSignal } from "./bounds.ts";
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

/** Level 5 makes bodies 2 % larger than 6 at 1.3 times its speed; see `tests/spec/deno.md` 4. */
const GZIP_LEVEL = 5;
/**
 * A body that fits into this window comes out the same with a fraction of the memory that zlib takes by default, 260 KB
 * a body, which the kernel would hand out and take back each time. In bytes, and zlib's terms.
 */
const SMALL_BODY_BYTES = 8192;
const SMALL_WINDOW = { windowBits: 13, memLevel: 6 };

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
  let encoded: { readonly of: ReadonlyMap<string, string>; readonly tags: CommonTags } | undefined;

  /** Encoded when they change, not for each body. */
  function common(): CommonTags {
    const texts = commonTags();
    if (encoded?.of !== texts) encoded = { of: texts, tags: encodeCommonTags(texts, options.commonKeys) };
    return encoded.tags;
  }

  /** The upload, or why it cannot be made. */
  function prepare(batch: Batch): Upload | ExportResult {
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = encoding.encode(batch, common());
      // One point above the limit has no halves: Dataway itself may take up to 64 MiB.
      if (body.byteLength > maxRawBodyBytes && batch.count > 1) {
        return {
          status: "too_large",
          error: `Cannot send a body above ${maxRawBodyBytes} bytes: ${body.byteLength}`,
        };
      }
      // However small: Guance's own notes doubt that its center takes plain bodies, see tests/spec/datakit.md 3.3.
      if (options.gzip) {
        const raw = body;
        body = new Uint8Array(gzipSync(raw, gzipOptions(raw.length)));
        // Up to a megabyte that is not needed any more: not left to the garbage collector.
        raw.buffer.transfer(0);
      }
    } catch (error) {
      return {
        status: "failure",
        error: `Cannot encode: ${describeNetworkError(error)}`,
        reason: "rejected",
      };
    }
    const headers = buildUploadHeaders({
      contentType: encoding.contentType,
      gzip: options.gzip,
      points: batch.count,
      packageId: createPackageId(),
      version: options.version,
    });
    return { batch, body, headers: { ...headers, ...options.sinker?.headersOf(batch) } };
  }

  async function post(
    endpoint: DatawayEndpoint,
    upload: Upload,
    timeLimitMs: number,
    signal: AbortSignal,
  ): Promise<ExportResult> {
    using bound = boundSignal([signal, closing.signal], timeLimitMs, now);
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
    const upload = prepare(batch);
    if ("status" in upload) return upload;
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

function gzipOptions(bytes: number): ZlibOptions {
  return bytes <= SMALL_BODY_BYTES ? { level: GZIP_LEVEL, ...SMALL_WINDOW } : { level: GZIP_LEVEL };
}
