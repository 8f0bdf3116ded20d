/**
 * Sends what was gathered to an OTLP server.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import type { OtlpTargetConfig, TargetSignal } from "../config/otlp_target.ts";
import { boundSignal } from "../dataway/bounds.ts";
import { describeNetworkError } from "../dataway/error_text.ts";
import type { Send } from "../dataway/http/message.ts";
import { makeClosable } from "../pipeline/closable_exporter.ts";
import type { Batch, Exporter, ExportResult } from "../pipeline/exporter.ts";
import { gzipAtOnce, gzipSteps } from "../pipeline/gzip.ts";
import { createTurns, inSlices } from "../pipeline/turns.ts";
import type { Category } from "../point/point.ts";
import { sliceOf } from "../point/point_range.ts";
import { createRedactor } from "../secrets.ts";
import { decideTargetResult } from "./answer.ts";
import { isAwsHost, type Sign } from "./signer.ts";

export interface TargetExporterOptions {
  readonly config: Pick<
    OtlpTargetConfig,
    "endpoints" | "headers" | "timeoutMs" | "gzip" | "auth" | "secrets"
  >;
  readonly send: Send;
  readonly sign: Sign;
  /** Our own version. */
  readonly version: string;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Where the store keeps each signal. */
export const CATEGORY_OF: Readonly<Record<TargetSignal, Category>> = {
  traces: "tracing",
  metrics: "metric",
  logs: "logging",
};
const SIGNAL_OF = new Map<Category, TargetSignal>([
  ["tracing", "traces"],
  ["metric", "metrics"],
  ["logging", "logs"],
]);

/**
 * Upper bound of a body before compression, in bytes: below what servers take (a collector 20 MiB, CloudWatch 1 MiB for
 * logs and metrics), and of few spans enough for X-Ray's 10,000.
 */
const MAX_BODY_BYTES = 1024 * 1024;
/** A body up to this is compressed at once: that takes about 1 ms of CPU. In bytes. */
const SMALL_BODY_BYTES = 64 * 1024;

/**
 * An exporter of batches whose points are `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`. The store frames them
 * with the tag that a request has them under, so a request is its ranges one after the other.
 */
export function createTargetExporter(options: TargetExporterOptions): Exporter & AsyncDisposable {
  const { config, sign, send, version, now } = options;
  const redact = createRedactor(config.secrets);
  const closing = new AbortController();
  const turns = createTurns();

  function join({ ranges, sizeBytes }: Batch): Uint8Array<ArrayBuffer> {
    const body = new Uint8Array(sizeBytes);
    let at = 0;
    for (const range of ranges) {
      const part = sliceOf(range);
      body.set(part, at);
      at += part.length;
    }
    return body;
  }

  /** A large body, without keeping the event loop; `undefined`: the signal fired before. */
  function gzipInTurn({ ranges }: Batch, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return turns(() => inSlices(gzipSteps(ranges.map(sliceOf)), signal), signal);
  }

  function headersOf(): Record<string, string> {
    return {
      "user-agent": `datakit-lambda-extension/${version}`,
      ...Object.fromEntries(config.headers),
      "content-type": "application/x-protobuf",
      ...(config.gzip ? { "content-encoding": "gzip" } : {}),
    };
  }

  function isSigned(url: URL): boolean {
    if (config.auth !== "auto") return config.auth === "sigv4";
    return isAwsHost(url.hostname) && !config.headers.has("authorization");
  }

  async function post(batch: Batch, signal: AbortSignal): Promise<ExportResult> {
    const url = config.endpoints[SIGNAL_OF.get(batch.category) ?? "traces"];
    if (url === undefined) {
      return { status: "failure", error: "No endpoint takes this signal", reason: "rejected" };
    }
    const target = new URL(url);
    using bound = boundSignal([signal, closing.signal], config.timeoutMs, now);
    try {
      const isLarge = batch.sizeBytes > SMALL_BODY_BYTES;
      const body = !config.gzip
        ? join(batch)
        : isLarge
        ? await gzipInTurn(batch, bound.signal)
        : gzipAtOnce(join(batch));
      if (body === undefined) return { status: "retryable", error: "No time left to make a body" };
      const plain = headersOf();
      const headers = isSigned(target) ? await sign({ url, headers: plain, body }, bound.signal) : plain;
      const answer = await send(url, {
        method: "POST",
        headers,
        body,
        signal: bound.signal,
        wants: "explanation",
      });
      const result = decideTargetResult({ ...answer, text: redact(answer.text) }, now());
      return "error" in result && result.error !== undefined
        ? { ...result, error: redact(result.error) }
        : result;
    } catch (error) {
      return {
        status: "retryable",
        error: `Cannot reach ${target.origin}${target.pathname}: ${redact(describeNetworkError(error))}`,
      };
    }
  }

  return makeClosable({
    name: "otlp_target",
    maxBatchBytes: MAX_BODY_BYTES,
    pointOverheadBytes: () => 0,
    export: post,
  }, closing);
}
