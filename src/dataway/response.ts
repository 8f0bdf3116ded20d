import type { ExportResult } from "../pipeline/exporter.ts";
import type { HttpAnswer } from "./http/message.ts";

/** Longest wait a receiver can ask for, in ms: one odd header must not switch the export off for a sandbox's life. */
const MAX_RETRY_AFTER_MS = 600_000;
/** Of a body that explains a refusal, this much goes into the error, in characters. */
const MAX_SHOWN_CHARS = 200;
/** How a full workspace says so, see `tests/spec/datakit.md` 3.9. */
export const QUOTA_MARK = "beyondDataUsage";

/**
 * What an answer means for the batch.
 *
 * DataKit drops a batch on any 4xx and after the last 5xx; here 408 and 429 keep it. So do 407 (a proxy's word,
 * not Dataway's) and redirects (never followed): neither says anything about the data, and the user may mend it. Nor
 * does a page of HTML that says that all is well: Dataway has none.
 *
 * @param nowMs Unix time in ms, against which a `Retry-After` date is read.
 * @see `tests/spec/datakit.md` 3.9
 */
export function decideResult(answer: HttpAnswer, nowMs: number): ExportResult {
  const { status } = answer;
  if (isWebPage(answer)) {
    return {
      status: "retryable",
      error: `Dataway answered ${status} with a web page: a captive portal or a proxy answers in its place`,
    };
  }
  if (status >= 200 && status < 300) return { status: "success" };
  if (status === 413) return { status: "too_large", error: describeAnswer(answer) };
  if (status < 400 || status >= 500 || status === 407 || status === 408 || status === 429) {
    const retryAfterMs = parseRetryAfterMs(answer.headers.get("retry-after"), nowMs);
    const error = describeAnswer(answer);
    return { status: "retryable", error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  return { status: "failure", error: describeAnswer(answer), reason: decideReason(answer) };
}

/**
 * Whether a success is not Dataway's, as somebody else answers: a portal or a proxy with a page of its own. Dataway has
 * no pages for uploads. An empty body is not a page, whatever its type.
 */
export function isWebPage({ status, headers, text }: HttpAnswer): boolean {
  if (status < 200 || status >= 300 || headers.get("content-length") === "0" || status === 204) return false;
  return /^text\/html\b/i.test(headers.get("content-type") ?? "") ||
    /^\s*<(?:!doctype html|html)\b/i.test(text);
}

/** A `Retry-After` value, seconds or date, as ms from now: 0 to 10 min, or `undefined` when it is neither. */
export function parseRetryAfterMs(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : parseDateMs(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs));
}

/** Only HTTP's own forms, all of which name the month: `Date.parse` alone would take `1.5` or `-3` for a date. */
function parseDateMs(text: string): number {
  return /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : NaN;
}

function decideReason({ status, text }: HttpAnswer): "rejected" | "forbidden" | "quota" {
  if (status === 403 && text.includes(QUOTA_MARK)) return "quota";
  return status === 401 || status === 403 ? "forbidden" : "rejected";
}

function describeAnswer({ status, headers, text }: HttpAnswer): string {
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    return `Dataway answered ${status}, a redirect to ${location.split("?")[0]}`;
  }
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  const line = coding === "" || coding === "identity"
    ? text.replace(/\s+/g, " ").trim().slice(0, MAX_SHOWN_CHARS)
    : `a body in ${JSON.stringify(coding.slice(0, 20))}, which was not asked for`;
  return line === "" ? `Dataway answered ${status}` : `Dataway answered ${status}: ${line}`;
}
