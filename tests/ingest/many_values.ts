/** Requests of very many values, none of which is long, in forms that were once read or written in one go. */
import type { LongRequest } from "./long_values.ts";

const encoder = new TextEncoder();
/** JSON may have so many bytes. */
const MIB = 1024 * 1024;

/** As much JSON as there may be, of parts joined by commas. */
function json(before: string, part: (index: number) => string, after: string): Uint8Array<ArrayBuffer> {
  const parts: string[] = [];
  let size = before.length + after.length;
  for (let i = 0; size < MIB - 100; i++) size += (parts[i] = part(i)).length + 1;
  return encoder.encode(before + parts.join(",") + after);
}

export function* manyRequests(): Generator<LongRequest> {
  const ddtrace = (
    name: string,
    before: string,
    part: (index: number) => string,
    after: string,
  ): LongRequest => ({
    name: `ddtrace in JSON, ${name}`,
    receiver: "ddtrace",
    path: "/v0.4/traces",
    type: "application/json",
    body: () => json(before, part, after),
  });
  yield ddtrace("spans", "[[", (i) => `{"trace_id":${i + 1},"span_id":2,"meta":{"a":"b"}}`, "]]");
  const span = '[[{"trace_id":1,"span_id":2,"meta":{';
  yield ddtrace("tags", span, (i) => `"key ${i}":""`, "}}]]");
  yield ddtrace("tags that come twice", span, (i) => `"key ${i >> 1}":""`, "}}]]");
  const twice = 200;
  yield ddtrace(
    "tags of objects that come twice",
    '{"a":1,"a":'.repeat(twice) + "{",
    (i) => `"key ${i >> 1}":""`,
    "}".repeat(twice + 1),
  );
  yield ddtrace("lists", '[[{"trace_id":1,"span_id":2,"x":[', () => "[]", "]}]]");
  yield ddtrace("lists too deep", "[".repeat(256), () => "[]", "]".repeat(256));
}
