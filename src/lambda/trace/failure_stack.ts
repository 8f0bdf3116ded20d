/** The stack trace in what a runtime itself logs of a handler's exception, whatever form that has. */
import { isJsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import type { AssembledLog } from "../lines/assembler.ts";

/** What runtimes call it: Node.js and Java, Python and .NET, Go and Ruby. */
const STACK_KEYS: readonly string[] = ["stack", "stackTrace", "trace"];

/** The trace's lines; `undefined` where the log has none. */
export function readStack({ line, texts }: AssembledLog): string | undefined {
  const { record, text } = line;
  const found = record === undefined ? undefined : stackIn(record) ?? stackIn(record["message"]);
  if (found !== undefined) return found;
  if (texts !== undefined) return texts.join("\n");
  if (text === undefined) return undefined;
  // Node.js writes a line of text that ends with an object.
  const object = text.indexOf("{");
  const parsed = object < 0 ? undefined : tryParseExactJson(text.slice(object));
  return stackIn(parsed) ??
    (text.trimEnd().includes("\n") ? text : undefined);
}

function stackIn(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const key of STACK_KEYS) {
    const stack = value[key];
    if (typeof stack === "string" && stack !== "") return stack;
    if (Array.isArray(stack) && stack.length > 0) return stack.map(lineOf).join("\n");
  }
  return undefined;
}

/** Go's frames are objects. */
function lineOf(frame: unknown): string {
  if (!isJsonObject(frame)) return String(frame).trimEnd();
  const { path, line, label } = frame;
  return `at ${label} (${path}:${line})`;
}
