/** One line of a function or an extension, read: text or JSON, in whatever its runtime puts around it. */
import type { JsonObject } from "../../json/exact_json.ts";
import { stripAnsi } from "../../point/ansi.ts";
import { type LogStatus, wordToStatus } from "../../point/log_status.ts";
import { createRecordReader, parseJsonText, type RecordReading } from "./record.ts";
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
}

const NONE: readonly string[] = [];

/** A reader that remembers what keys mean. */
export function createLineReader(): LineReader {
  const records = createRecordReader();

  function readText(raw: string): Line {
    const text = stripAnsi(withoutNewline(raw));
    if (text.charCodeAt(0) === OPEN_BRACE) {
      const record = parseJsonText(text);
      return record === undefined
        ? textLine(text, readTextHead(text))
        : recordLine(record, records.read(record), text);
    }
    const head = readTextHead(text);
    const record = head.bodyAt === 0 ? undefined : parseJsonText(text, head.bodyAt);
    if (record === undefined) return textLine(text, head);
    const reading = records.read(record);
    // The runtime's own columns know the request better than what a function wrote into its text.
    return {
      ...recordLine(record, reading, text),
      status: reading.status ?? head.status,
      requestId: head.requestId ?? reading.requestId,
    };
  }

  return {
    read: (record) => {
      if (typeof record === "string") return readText(record);
      const plain = plainText(record);
      if (plain === undefined) return recordLine(record, records.read(record), undefined);
      const line = readText(plain);
      const { level } = record;
      const status = line.status ?? (typeof level === "string" ? wordToStatus(level) : undefined);
      if (line.members !== undefined) return { ...line, status };
      return { ...line, status, members: record, told: MESSAGE_KEY };
    },
  };
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
  for (const _key in record) if (++keys > 3) return undefined;
  return message;
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
