/** One line of a function or an extension, read: text or JSON, in whatever its runtime puts around it. */
import type { Steps } from "../../bounded_pattern.ts";
import type { JsonObject } from "../../json/exact_json.ts";
import { onlyHas } from "../../json/large_values.ts";
import { stripAnsi } from "../../point/ansi.ts";
import { type LogStatus, wordToStatus } from "../../point/log_status.ts";
import { createRecordReader, parseJsonText, parseJsonTextSteps, type RecordReading } from "./record.ts";
import { readTextHead } from "./text_head.ts";
import type { TextHead } from "./text_parts.ts";
import { readTraceIds } from "./trace_ids.ts";

/** What a line says. */
export interface Line {
  readonly message: string;
  /** `undefined`: it names none. */
  readonly status: LogStatus | undefined;
  /** The request id it names, which may be one of the function's own making. */
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Its text, without colours and the closing newline: that of the line, or of the runtime's envelope around it. */
  readonly text: string | undefined;
  /** Members of a JSON log; `undefined` for a line that is text alone. */
  readonly members: JsonObject | undefined;
  /** The JSON log as it came. */
  readonly record: JsonObject | undefined;
  /** Keys of {@link members} that need not be told again. */
  readonly told: readonly string[];
  /** Keys of {@link members} with a request id: not told again where it is the line's. */
  readonly idKeys: readonly string[];
}

/** Reads lines. */
export interface LineReader {
  read(record: string | JsonObject): Line;
  /** The same in steps, as a line may be large. */
  readSteps(record: string | JsonObject): Steps<Line>;
}

const NONE: readonly string[] = [];

/** A reader that remembers what keys mean. */
export function createLineReader(): LineReader {
  const records = createRecordReader();

  function readText(raw: string): Line {
    const text = stripAnsi(withoutNewline(raw));
    const head = headOf(text);
    if (head?.bodyAt === 0) return textLine(text, head);
    const record = parseJsonText(text, head?.bodyAt);
    return record === undefined
      ? textLine(text, head ?? readTextHead(text))
      : bodyLine(text, head, record, records.read(record));
  }

  function* readTextSteps(raw: string): Steps<Line> {
    const text = stripAnsi(withoutNewline(raw));
    const head = headOf(text);
    if (head?.bodyAt === 0) return textLine(text, head);
    const record = yield* parseJsonTextSteps(text, head?.bodyAt);
    return record === undefined
      ? textLine(text, head ?? readTextHead(text))
      : bodyLine(text, head, record, yield* records.readSteps(record));
  }

  return {
    read: (record) => {
      if (typeof record === "string") return readText(record);
      const plain = plainText(record);
      return plain === undefined
        ? recordLine(record, records.read(record), undefined)
        : inEnvelope(readText(plain), record);
    },
    *readSteps(record): Steps<Line> {
      if (typeof record === "string") return yield* readTextSteps(record);
      const plain = plainText(record);
      return plain === undefined
        ? recordLine(record, yield* records.readSteps(record), undefined)
        : inEnvelope(yield* readTextSteps(plain), record);
    },
  };
}

/** What stands before a message; `undefined`: the line is JSON from its first character, as it seems. */
function headOf(text: string): TextHead | undefined {
  return text.charCodeAt(0) === OPEN_BRACE ? undefined : readTextHead(text);
}

/** A line with a record in it, behind its head. */
function bodyLine(
  text: string,
  head: TextHead | undefined,
  record: JsonObject,
  reading: RecordReading,
): Line {
  const line = recordLine(record, reading, text);
  if (head === undefined) return line;
  // The runtime's own columns know the request better than what a function wrote into its text.
  return {
    ...line,
    status: reading.status ?? head.status,
    requestId: head.requestId ?? reading.requestId,
  };
}

/** A line with what the platform put around it. */
function inEnvelope(line: Line, record: JsonObject): Line {
  const { level } = record;
  const status = line.status ?? (typeof level === "string" ? wordToStatus(level) : undefined);
  if (line.members !== undefined) return { ...line, status };
  return { ...line, status, members: record, told: MESSAGE_KEY };
}

const MESSAGE_KEY: readonly string[] = ["message"];

/**
 * The text in the envelope that the platform puts around a line that is no JSON object, where functions log JSON: an
 * object of exactly `timestamp`, `level` and `message`.
 */
function plainText(record: JsonObject): string | undefined {
  const { message } = record;
  if (typeof message !== "string" || !("level" in record) || !("timestamp" in record)) return undefined;
  let keys = 0;
  return onlyHas(record, () => ++keys <= 3) ? message : undefined;
}

function textLine(text: string, { status, requestId }: TextHead): Line {
  const { traceId, spanId } = readTraceIds(text);
  return {
    message: text,
    status,
    requestId,
    traceId,
    spanId,
    text,
    members: undefined,
    record: undefined,
    told: NONE,
    idKeys: NONE,
  };
}

function recordLine(record: JsonObject, reading: RecordReading, text: string | undefined): Line {
  return { ...reading, message: withoutNewline(reading.message), text, record };
}

/** A frame of the log pipe ends with one; so does loguru's own text in its JSON. */
function withoutNewline(line: string): string {
  if (!line.endsWith("\n")) return line;
  return line.slice(0, line.endsWith("\r\n") ? -2 : -1);
}

const OPEN_BRACE = 0x7b;
