/** Lines of `key=value` pairs, as Go's loggers and others write them. */
import { type LogStatus, wordToStatus } from "../../point/log_status.ts";
import { NOTHING, type TextHead } from "./text_parts.ts";

/** `key=` at the beginning of a line. */
export const LOGFMT = /[A-Za-z_@][\w.@-]{0,40}=/y;
const LEVEL =
  /(?:^|\s)(?:level|lvl|severity|levelname|log_?level|log\.level)=(["']?)([A-Za-z+\d-]{1,16})\1(?=\s|$)/;
/** `at=error`: also the place of anything else. */
const AT = /(?:^|\s)at=(["']?)([A-Za-z]{3,16})\1(?=\s|$)/;
const ID = /(?:^|\s)(?:aws)?_?request_?id=["']?([\w-]{1,64})["']?(?=\s|$)/i;
/** How far into a line its level and id may stand, in characters. */
const LENGTH = 2000;

/** Reads a line that begins with a pair. */
export function readLogfmt(text: string): TextHead {
  const part = text.length > LENGTH ? text.slice(0, LENGTH) : text;
  const status = statusOf(LEVEL, part) ?? statusOf(AT, part);
  const requestId = ID.exec(part)?.[1];
  return status === undefined && requestId === undefined ? NOTHING : { status, requestId, bodyAt: 0 };
}

function statusOf(pattern: RegExp, text: string): LogStatus | undefined {
  const word = pattern.exec(text)?.[2];
  return word === undefined ? undefined : wordToStatus(word);
}
