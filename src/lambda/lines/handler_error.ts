/**
 * Records in which a runtime tells of an exception that its handler did not catch. Each runtime has its own form; only
 * what the runtimes themselves write is taken for one, as far as a line can tell.
 */
import { isJsonObject, type JsonObject } from "../../json/exact_json.ts";
import { keysOf, onlyHas } from "../../json/large_values.ts";
import type { Line } from "./line.ts";
import { parseJsonText } from "./record.ts";

/** An exception that a runtime tells of. */
export interface HandlerError {
  /** `certain`: only the runtime writes this. `likely`: so does a function that logs an error object and goes on. */
  readonly certainty: "certain" | "likely";
  readonly type: string | undefined;
  readonly message: string | undefined;
  /** Written also where the answer was on its way already: a stream that breaks midway. */
  readonly afterAnswer: boolean;
  /** Lines without a level that follow belong to it. */
  readonly goesOn: boolean;
}

/** The exception that a line tells of; `undefined` for any other line. */
export function readHandlerError({ text, record, message }: Line): HandlerError | undefined {
  const inText = text === undefined ? undefined : readText(text);
  if (inText !== undefined || record === undefined) return inText;
  return readRecord(record) ??
    (text === undefined && HINT.test(message) ? readJava(message, record) : undefined);
}

/** A certain one. */
export function certainError(type: string | undefined, message: string | undefined): HandlerError {
  return { certainty: "certain", type, message, afterAnswer: false, goesOn: false };
}

function likelyError(type: string | undefined, message: string | undefined, goesOn = false): HandlerError {
  return { certainty: "likely", type, message, afterAnswer: false, goesOn };
}

function readText(text: string): HandlerError | undefined {
  // One look for what only few lines have, before the exact forms.
  switch (HINT.exec(text)?.[0]) {
    case undefined:
      return undefined;
    case "Invoke Error":
      return readNode(text) ?? readPhp(text);
    case "Traceback (":
      return readPython(text);
    case '"errorMessage"':
    case '\\"errorMessage\\"':
      return readGo(text) ?? readPhp(text);
    case "Lambda runtime invoke{":
    case "Request payload deserialization":
      return readRust(text);
    case "\tfail\t":
      return readDotnet(text);
    default:
      return readJava(text, undefined);
  }
}

const HINT =
  /Invoke Error|Traceback \(|\\?"errorMessage\\?"|Lambda runtime invoke\{|Request payload deserialization|\tfail\t|\n\tat |\n\n|\nCaused by: |^Class not found: |^Invalid handler: /;

// Python: `[ERROR] <Type>: <message>`, then frames and nothing after them, indented by no-break spaces; a trace that a
// function logs ends with the error.
const PYTHON_HEAD = /^\[ERROR\][ \r\n](?!\t)/;
const PYTHON_TRACE = /[\r\n]Traceback \(most recent call last\):(?:[\r\n][\u00a0 ][^\r\n]*)*$/;
const PYTHON_ERROR = /^\[ERROR\][ \r\n]([\w.]{1,200})(?:: ([\s\S]*))?$/;

/** Where the pipe has no frames, the runtime joins its lines by `\r`; those of the message stay apart. */
const PYTHON_JOINED = /\rTraceback \(most recent call last\):(?:\r\u00a0|$)/;

function readPython(text: string): HandlerError | undefined {
  const joined = PYTHON_JOINED.exec(text);
  if (joined !== null) {
    // A trace that a function logged before has no newline at its end: the runtime's record is glued to it.
    const at = text.lastIndexOf("[ERROR] ", joined.index);
    return at < 0 ? undefined : readPythonError(text.slice(at, joined.index));
  }
  const trace = PYTHON_TRACE.exec(text);
  return trace === null || !PYTHON_HEAD.test(text) ? undefined : readPythonError(text.slice(0, trace.index));
}

/** What stands before Python's frames: `[ERROR] <Type>: <message>`. */
export function readPythonError(text: string): HandlerError {
  const error = PYTHON_ERROR.exec(text);
  return certainError(error?.[1], error?.[2]);
}

/** What a line has before the trace of an error whose message began in a line before; `undefined` for other lines. */
export function beforePythonTrace(text: string): string | undefined {
  const joined = text.includes("\rTraceback") ? PYTHON_JOINED.exec(text) : null;
  return joined === null || text.includes("[ERROR] ") ? undefined : text.slice(0, joined.index);
}

// Node: `<time>\t<id>\tERROR\tInvoke Error \t{"errorType":…,"errorMessage":…}`.
const NODE = /^[^\t\n]{10,40}\t[^\t\n]{1,64}\tERROR\tInvoke Error \t(?=\{)/;

function readNode(text: string): HandlerError | undefined {
  const head = NODE.exec(text);
  if (head === null) return undefined;
  const error = parseJsonText(text, head[0].length);
  const type = textOf(error?.["errorType"]);
  return type === undefined
    ? undefined
    : { ...certainError(type, textOf(error?.["errorMessage"])), afterAnswer: true };
}

// PHP (bref): `<id>\tInvoke Error\t{"errorType":…}`.
const PHP = /^[\da-f-]{36}\tInvoke Error\t(?=\{"errorType":)/i;

function readPhp(text: string): HandlerError | undefined {
  const head = PHP.exec(text);
  if (head === null) return undefined;
  const error = parseJsonText(text, head[0].length);
  return error === undefined
    ? undefined
    : certainError(textOf(error["errorType"]), textOf(error["errorMessage"]));
}

// Go: `{"errorMessage":…,"errorType":…}` behind whatever the program's `log` puts there, or as a logger's message.
const GO_LOGFMT = /(?:^|\s)(?:msg|message)=("(?:[^"\\]|\\.)*")/;

function readGo(text: string): HandlerError | undefined {
  const at = text.indexOf('{"errorMessage":');
  if (at >= 0) {
    const isHead = at === 0 ||
      /^(?:.{0,200}?\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d+)? )?(?:\S{1,200}\.go:\d+: )?$/.test(
        text.slice(0, at),
      );
    const error = isHead ? readGoError(parseJsonText(text, at)) : undefined;
    if (error !== undefined) return error;
  }
  const quoted = GO_LOGFMT.exec(text)?.[1];
  if (quoted === undefined || !quoted.includes("errorMessage")) return undefined;
  try {
    return readGoError(parseJsonText(String(JSON.parse(quoted))));
  } catch {
    // Go quotes what JSON does not: no message of the runtime's.
    return undefined;
  }
}

/** An object of the runtime's: nothing but these members, in this order. */
function readGoError(error: JsonObject | undefined): HandlerError | undefined {
  if (error === undefined) return undefined;
  const all = keysOf(error);
  const keys = all.length > 3 ? "" : all.join();
  if (keys !== "errorMessage,errorType" && keys !== "errorMessage,errorType,stackTrace") return undefined;
  return certainError(textOf(error["errorType"]), textOf(error["errorMessage"]));
}

// Rust: an event of the span that is the invocation itself; what a handler logs at its top level looks the same.
const RUST =
  /^ ?ERROR Lambda runtime invoke\{requestId="[^"]*"(?: xrayTraceId="[^"]*")?(?: tenantId="[^"]*")?\}: /;
const RUST_CERTAIN = /^(?:user handler panicked error=|Request payload deserialization into LambdaEvent<)/;

function readRust(text: string): HandlerError | undefined {
  const head = RUST.exec(text);
  if (head === null) {
    return text.startsWith("ERROR Request payload deserialization into LambdaEvent<")
      ? certainError(undefined, text.slice("ERROR ".length))
      : undefined;
  }
  const body = text.slice(head[0].length);
  if (RUST_CERTAIN.test(body)) return certainError(undefined, body);
  return likelyError(undefined, body, true);
}

// .NET: `<time>\t<id>\tfail\t<Full.Type>: <message>` and the stack; `Console.Error.WriteLine(ex)` is the same.
const DOTNET = /^[^\t\n]{10,40}\t[\da-f-]{36}\tfail\t([A-Za-z_][\w.+`]*): ([^\n]*)/i;

function readDotnet(text: string): HandlerError | undefined {
  const error = DOTNET.exec(text);
  return error === null ? undefined : likelyError(error[1], error[2]);
}

/** The runtime's own frames: it cuts them off its own record, and they stay in a stack that a function logs. */
const JAVA_RUNTIME_FRAME = "\tat com.amazonaws.services.lambda.runtime.api.client.";
const JAVA_CLASS = /^[\w.$]+$/;
/** Lines of a message that are looked through for its end. */
const MAX_MESSAGE_LINES = 200;

/** Java: `<message>: <class>\n<class>: <message>\n\tat …`, or without a message `<class>: <class>\n<class>\n`. */
function readJava(text: string, members: JsonObject | undefined): HandlerError | undefined {
  if (members !== undefined && !hasOnly(members, JAVA_KEYS)) return undefined;
  if (text.startsWith("Class not found: ") || text.startsWith("Invalid handler: `")) {
    return certainError(undefined, text.split("\n", 1)[0]);
  }
  if (text.startsWith("[") || text.includes(JAVA_RUNTIME_FRAME)) return undefined;
  let lineStart = 0;
  for (let lines = 0; lines < MAX_MESSAGE_LINES; lines++) {
    const end = text.indexOf("\n", lineStart);
    if (end < 0) return undefined;
    const error = readJavaHead(text, lineStart, end);
    if (error !== undefined) return error;
    lineStart = end + 1;
  }
  return undefined;
}

function readJavaHead(text: string, lineStart: number, end: number): HandlerError | undefined {
  const colon = text.lastIndexOf(": ", end - 2);
  if (colon < lineStart) return undefined;
  const type = text.slice(colon + 2, end);
  if (!JAVA_CLASS.test(type) || !text.startsWith(type, end + 1)) return undefined;
  const message = text.slice(0, colon);
  const after = end + 1 + type.length;
  // Without a message its place is taken by the class, and the class stands alone.
  const isAlone = text.charAt(after) === "\n" && message === type;
  const isTold = text.startsWith(`: ${message}\n`, after);
  if (!isAlone && !isTold) return undefined;
  const frames = after + (isAlone ? 1 : message.length + 3);
  const rest = text.slice(frames, frames + 14);
  if (rest !== "" && !/^(?:\tat |\n|Caused by: |\tSuppressed: )/.test(rest)) return undefined;
  return certainError(type, isAlone ? undefined : message);
}

const JAVA_KEYS: readonly string[] = ["timestamp", "message", "level", "AWSRequestId", "tenantId"];

function readRecord(record: JsonObject): HandlerError | undefined {
  return readErrorMembers(record) ?? readGoRecord(record) ?? readRustRecord(record);
}

/** Python, .NET and Node tell the parts of an error as members. */
function readErrorMembers(record: JsonObject): HandlerError | undefined {
  const level = record["level"] ?? record["log_level"];
  if (typeof level !== "string" || level.toUpperCase() !== "ERROR") return undefined;
  const { message } = record;
  if (isJsonObject(message)) {
    const isNode = typeof message["errorType"] === "string" && Array.isArray(message["stackTrace"]) &&
      hasOnly(record, NODE_KEYS);
    return isNode ? likelyError(textOf(message["errorType"]), textOf(message["errorMessage"])) : undefined;
  }
  if (typeof record["errorType"] !== "string" || !Array.isArray(record["stackTrace"])) return undefined;
  const error = certainError(record["errorType"], textOf(record["errorMessage"]));
  if (message === undefined) return hasOnly(record, PYTHON_KEYS) ? error : undefined;
  return message === "" && hasOnly(record, DOTNET_KEYS) ? error : undefined;
}

const NODE_KEYS: readonly string[] = ["timestamp", "level", "requestId", "tenantId", "message"];
const PYTHON_KEYS: readonly string[] = [
  "timestamp",
  "level",
  "log_level",
  "errorMessage",
  "errorType",
  "requestId",
  "stackTrace",
  "tenantId",
];
const DOTNET_KEYS: readonly string[] = [...PYTHON_KEYS, "traceId", "message"];

/** Go's error as the message of a logger that the program made its default. */
function readGoRecord(record: JsonObject): HandlerError | undefined {
  const own = readGoError(record);
  if (own !== undefined) return own;
  const message = record["msg"] ?? record["message"];
  if (typeof message !== "string" || !message.startsWith('{"errorMessage":')) return undefined;
  return hasOnly(record, GO_KEYS) ? readGoError(parseJsonText(message)) : undefined;
}

const GO_KEYS: readonly string[] = ["time", "timestamp", "level", "msg", "message", "requestId"];

function readRustRecord(record: JsonObject): HandlerError | undefined {
  const { span, spans, level } = record;
  if (level !== "ERROR" || !isJsonObject(span) || span["name"] !== "Lambda runtime invoke") return undefined;
  if (!Array.isArray(spans) || spans.length !== 1) return undefined;
  const { fields } = record;
  if (!isJsonObject(fields)) return undefined;
  const message = textOf(fields["message"]);
  if (message === "user handler panicked" && "error" in fields) {
    return certainError(undefined, textOf(fields["error"]) ?? message);
  }
  if (message?.startsWith("Request payload deserialization into LambdaEvent<") === true) {
    return certainError(undefined, message);
  }
  return keysOf(fields).length === 1 ? likelyError(undefined, message) : undefined;
}

function hasOnly(record: JsonObject, keys: readonly string[]): boolean {
  return onlyHas(record, (key) => keys.includes(key));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
