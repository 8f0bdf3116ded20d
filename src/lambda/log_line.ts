/**
 * What a function's own line says about its invocation: the request it belongs to, its level, and whether it
 * tells of a failure. Only forms the runtimes themselves write are read, so that no prose is taken for a fact.
 * @see `spec/lambda.md` 3.2 and 3.3
 */
import type { JsonObject } from "../json/exact_json.ts";

/** What a line tells beyond its text. */
export interface LogEvidence {
  readonly outOfMemory: boolean;
  /**
   * A handler's exception, of which the platform's status says nothing. `certain`: only the runtime writes this.
   * `likely`: the runtime writes this, and so does a function that logs an error object and goes on.
   */
  readonly handledError: "certain" | "likely" | undefined;
  /** The request the platform says timed out. */
  readonly timedOutRequestId: string | undefined;
}

const LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL";
/** Node: `<time>\t<request id>\t<LEVEL>\t<message>`. */
const NODE_LINE = new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\\t([^\\t\\n]{1,64})\\t(${LEVELS})\\t`);
/** Python: `[LEVEL]\t<time>Z\t<request id>\t<message>`, or `[ERROR] <type>: <message>` for what nobody caught. */
const PYTHON_LINE = new RegExp(
  `^\\[(${LEVELS})\\](?: |\\t(?:\\d{4}-[\\d-]+T[\\d:.]+Z\\t([^\\t\\n]{1,64})\\t)?)`,
);

/** A cheap test that nearly every line fails, before the exact ones. */
const SUSPICIOUS = /emory|signal: killed|Invoke Error|Traceback|timed out/;
const OUT_OF_MEMORY =
  /JavaScript heap out of memory|Runtime exited with error: signal: killed|\bjava\.lang\.OutOfMemoryError\b|(?<![\w.])MemoryError\b|failed to allocate memory \(NoMemoryError\)|\bSystem\.OutOfMemoryException\b|fatal error: runtime: out of memory/;
const NODE_UNCAUGHT = /^[^\t\n]*\t[^\t\n]*\tERROR\tInvoke Error\s/;
const PYTHON_UNCAUGHT = /^\[ERROR\] [^\n]+\nTraceback \(most recent call last\):/;
const TIMED_OUT = /^\S{1,40} ([\w-]{1,64}) Task timed out after \d+\.\d+ seconds\s*$/;

const NOTHING: LogEvidence = { outOfMemory: false, handledError: undefined, timedOutRequestId: undefined };

/** Members of a record that hold the request id. */
export const REQUEST_ID_KEYS: readonly string[] = ["requestId", "AWSRequestId"];

/** The request id a record names itself. */
export function readRequestId(record: string | JsonObject): string | undefined {
  if (typeof record === "string") return ownId(NODE_LINE.exec(record)?.[1] ?? PYTHON_LINE.exec(record)?.[2]);
  for (const key of REQUEST_ID_KEYS) {
    const id = ownId(record[key]);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Outside of invocations the runtimes write an id that is none: Node 24 `-`, Node before `undefined`, Python nothing. */
export function isNoRequestId(id: unknown): boolean {
  return id === "-" || id === "undefined" || id === "";
}

function ownId(id: unknown): string | undefined {
  return typeof id !== "string" || isNoRequestId(id) ? undefined : id;
}

/** The level a text line names, as written. */
export function readTextLevel(line: string): string | undefined {
  return NODE_LINE.exec(line)?.[2] ?? PYTHON_LINE.exec(line)?.[1];
}

/** What a function's record tells about its invocation. */
export function readEvidence(record: string | JsonObject): LogEvidence {
  return typeof record === "string" ? readTextEvidence(record) : readJsonEvidence(record);
}

function readTextEvidence(line: string): LogEvidence {
  if (!SUSPICIOUS.test(line)) return NOTHING;
  return {
    outOfMemory: OUT_OF_MEMORY.test(line),
    handledError: NODE_UNCAUGHT.test(line) || PYTHON_UNCAUGHT.test(line) ? "certain" : undefined,
    timedOutRequestId: TIMED_OUT.exec(line)?.[1],
  };
}

function readJsonEvidence(record: JsonObject): LogEvidence {
  // Node puts an error object into `message`, Python's runtime and others its parts beside it.
  const message = record["message"];
  const error = typeof message === "object" && message !== null ? (message as JsonObject) : record;
  const isError = typeof error["errorType"] === "string" && Array.isArray(error["stackTrace"]);
  const outOfMemory = [message, error["errorType"], error["errorMessage"]]
    .some((part) => typeof part === "string" && SUSPICIOUS.test(part) && OUT_OF_MEMORY.test(part));
  if (!isError && !outOfMemory) return NOTHING;
  // Only Python's runtime itself spells it `log_level`; its logging library writes `level`.
  const certain = isError && record["log_level"] === "ERROR" && message === undefined;
  const likely = isError && record["level"] === "ERROR";
  return {
    outOfMemory,
    handledError: certain ? "certain" : likely ? "likely" : undefined,
    timedOutRequestId: undefined,
  };
}
