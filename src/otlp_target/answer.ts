/**
 * What the answers of an OTLP server mean.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import type { HttpAnswer } from "../dataway/http/message.ts";
import { isWebPage, parseRetryAfterMs } from "../dataway/response.ts";
import { parseJson, textAt, valueAt } from "../dataway/secret/json.ts";
import type { ExportResult } from "../pipeline/exporter.ts";
import { createProtobufReader, nextField } from "../point/protobuf_reader.ts";

const decoder = new TextDecoder();
const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** What may be sent again, by the specification. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Of a text that explains a refusal, this much goes into the error, in characters. */
const MAX_SHOWN_CHARS = 200;

/**
 * What an answer means for the batch. The specification wants everything dropped that is neither a success nor one of
 * four statuses; redirects, which are never followed, and a proxy's word for itself say nothing of the data and keep it.
 *
 * @param nowMs Unix time in ms, against which a `Retry-After` date is read.
 */
export function decideTargetResult(answer: HttpAnswer, nowMs: number): ExportResult {
  const { status } = answer;
  if (isWebPage(answer)) {
    return {
      status: "retryable",
      error:
        `The OTLP target answered ${status} with a web page: a captive portal or a proxy answers in its place`,
    };
  }
  if (status >= 200 && status < 300) return readSuccess(answer);
  const error = describe(answer);
  if (status === 413) return { status: "too_large", error };
  if (RETRYABLE.has(status) || status < 400 || status === 407) {
    const retryAfterMs = parseRetryAfterMs(answer.headers.get("retry-after"), nowMs);
    return { status: "retryable", error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  return { status: "failure", error, reason: status === 401 || status === 403 ? "forbidden" : "rejected" };
}

/** A success may have left out a part, which must not be sent again. */
function readSuccess(answer: HttpAnswer): ExportResult {
  const { rejected, message } = isJson(answer)
    ? readJson(answer.text)
    : readProtobuf(answer.bytes ?? new Uint8Array());
  return rejected <= 0
    ? { status: "success" }
    : { status: "success", rejected, error: oneLine(message) || "it does not say why" };
}

interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

const NOTHING: PartialSuccess = { rejected: 0, message: "" };
/** `Export…ServiceResponse`: the same for all signals. */
const PARTIAL_SUCCESS = 1;
const REJECTED = 1;
const ERROR_MESSAGE = 2;
/** `google.rpc.Status`. */
const STATUS_MESSAGE = 2;

/** What cannot be read is the success that its status says. */
function readProtobuf(bytes: Uint8Array): PartialSuccess {
  const response = createProtobufReader(bytes);
  let found = NOTHING;
  while (nextField(response)) {
    if (response.field !== PARTIAL_SUCCESS || response.wireType !== LENGTH_DELIMITED) continue;
    let rejected = 0n;
    let message = "";
    const partial = createProtobufReader(response.bytes);
    while (nextField(partial)) {
      if (partial.field === REJECTED && partial.wireType === VARINT) rejected = partial.varint;
      else if (partial.field === ERROR_MESSAGE && partial.wireType === LENGTH_DELIMITED) {
        message = decoder.decode(partial.bytes);
      }
    }
    found = { rejected: Number(BigInt.asIntN(64, rejected)), message };
  }
  return found;
}

function readJson(text: string): PartialSuccess {
  const partial = valueAt(parseJson(text), "partialSuccess");
  for (const name of ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"]) {
    // Integers of 64 bits are text in this encoding.
    const rejected = Number(valueAt(partial, name) ?? 0);
    if (rejected > 0) return { rejected, message: textAt(partial, "errorMessage") ?? "" };
  }
  return NOTHING;
}

function describe(answer: HttpAnswer): string {
  const { status, headers } = answer;
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    return `The OTLP target answered ${status}, a redirect to ${location.split("?")[0]}`;
  }
  const line = oneLine(isJson(answer) || !isProtobuf(answer) ? answer.text : statusMessage(answer));
  return line === "" ? `The OTLP target answered ${status}` : `The OTLP target answered ${status}: ${line}`;
}

function statusMessage({ bytes }: HttpAnswer): string {
  const reader = createProtobufReader(bytes ?? new Uint8Array());
  let message = "";
  while (nextField(reader)) {
    if (reader.field === STATUS_MESSAGE && reader.wireType === LENGTH_DELIMITED) {
      message = decoder.decode(reader.bytes);
    }
  }
  return message;
}

function isJson({ headers }: HttpAnswer): boolean {
  return headers.get("content-type")?.toLowerCase().startsWith("application/json") === true;
}

function isProtobuf({ headers }: HttpAnswer): boolean {
  return /^application\/(x-)?protobuf/i.test(headers.get("content-type") ?? "");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_SHOWN_CHARS);
}
