/** What a Lambda library says of an invocation's end. */
import { isJsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import { decimalId, parsePriority, upperHalf } from "./trace_context.ts";

/** The end of an invocation as the library saw it. Ids are undefined where it sent none. */
export interface InvocationReport {
  readonly traceId: bigint | undefined;
  /** 0 for 64-bit ids. */
  readonly traceIdHigh: bigint;
  readonly spanId: bigint | undefined;
  readonly parentId: bigint | undefined;
  readonly priority: number | undefined;
  readonly error: InvocationError | undefined;
  /** The result as an HTTP answer. */
  readonly answer: HttpAnswer;
}

/**
 * What the handler's result says of an HTTP status: its `statusCode`, that it has none, or one that is no status.
 * `unknown`: there is no result that could be read, or an empty one, which libraries send in place of any other.
 */
export type HttpAnswer = number | "missing" | "bad" | "unknown";

/** Why the handler failed; parts it did not tell are empty. */
export interface InvocationError {
  readonly message: string;
  readonly type: string;
  readonly stack: string;
}

/** Results above this size are not looked into: parsing them would be felt. */
const MAX_RESULT_BYTES = 1024 * 1024;

/** Reads the headers of end-invocation, and the status code in its body. */
export function readInvocationReport(headers: Headers, body: Uint8Array): InvocationReport {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const isError = header("x-datadog-invocation-error")?.toLowerCase() === "true";
  return {
    traceId: nonzero(decimalId(header("x-datadog-trace-id"))),
    traceIdHigh: upperHalf(header("x-datadog-tags")),
    spanId: nonzero(decimalId(header("x-datadog-span-id"))),
    parentId: nonzero(decimalId(header("x-datadog-parent-id"))),
    priority: parsePriority(header("x-datadog-sampling-priority")),
    error: isError
      ? {
        message: decodeErrorText(header("x-datadog-invocation-error-msg") ?? ""),
        type: decodeErrorText(header("x-datadog-invocation-error-type") ?? ""),
        stack: decodeErrorText(header("x-datadog-invocation-error-stack") ?? ""),
      }
      : undefined,
    answer: answerOf(body),
  };
}

/**
 * Some libraries send error texts in base64, some as they are: what is strict base64 of readable UTF-8 is taken
 * for the former.
 */
export function decodeErrorText(text: string): string {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text;
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // deno-lint-ignore no-control-regex
    return /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(decoded) ? text : decoded;
  } catch {
    return text;
  }
}

function answerOf(body: Uint8Array): HttpAnswer {
  if (body.length === 0 || body.length > MAX_RESULT_BYTES) return "unknown";
  const json = new TextDecoder().decode(body).trim();
  if (json === "" || json === "{}") return "unknown";
  if (!json.includes('"statusCode"')) return isJsonStart(json) ? "missing" : "unknown";
  const result = tryParseExactJson(json, { integers: "text" });
  if (result === undefined) return "unknown";
  const value = isJsonObject(result) ? result["statusCode"] : undefined;
  if (value === undefined) return "missing";
  const status = typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
  return Number.isInteger(status) && status >= 100 && status < 600 ? status : "bad";
}

function isJsonStart(text: string): boolean {
  return /^(?:[{["\d-]|null|true|false)/.test(text);
}

function nonzero(id: bigint | undefined): bigint | undefined {
  return id === 0n ? undefined : id;
}
