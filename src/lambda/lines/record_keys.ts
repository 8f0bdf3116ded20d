/**
 * What the members of a JSON log mean, whichever logger named them: letters' case, `_`, `-`, `.`, `@` and blanks in a
 * key make no difference.
 */
import type { LevelNumbers } from "../../point/log_status.ts";

/** What a member is. Of several of one kind the one with the lowest rank is taken. */
export type Role =
  | { readonly kind: "message"; readonly rank: number }
  /** `numbers`: how numbers are read; `undefined`: they are no level. */
  | { readonly kind: "level"; readonly rank: number; readonly numbers: LevelNumbers | undefined }
  | { readonly kind: "requestId"; readonly rank: number }
  | { readonly kind: "traceId" | "spanId"; readonly rank: number }
  | { readonly kind: "traceparent" }
  /** An object whose members are looked at too. */
  | { readonly kind: "nested"; readonly of: NestedKind };

/** Objects inside records that hold what belongs to the record. */
export type NestedKind = "fields" | "log" | "dd" | "trace" | "span" | "record" | "context";

const MESSAGE = ["message", "msg", "event", "m", "mt", "body", "text"];
const LEVEL: readonly (readonly [key: string, numbers: LevelNumbers | undefined])[] = [
  ["level", "logger"],
  ["levelname", undefined],
  ["severity", "logger"],
  ["severitytext", undefined],
  ["loglevel", "logger"],
  ["l", undefined],
  ["lvl", "logger"],
  ["severitynumber", "otel"],
  ["levelno", "python"],
  ["levelnumber", "python"],
  ["levelvalue", "logback"],
  ["status", undefined],
];
const REQUEST_ID = [
  "requestid",
  "awsrequestid",
  "lambdarequestid",
  "functionrequestid",
  "faasinvocationid",
];
const TRACE_ID = ["traceid", "ddtraceid", "oteltraceid", "xraytraceid"];
const SPAN_ID = ["spanid", "ddspanid", "otelspanid"];
const NESTED: readonly NestedKind[] = ["fields", "log", "dd", "trace", "span", "record", "context"];

/** `l`, `m` and `mt` are Serilog's only after an `@`. */
const SERILOG = new Set(["l", "m", "mt"]);
/** `request_id` is the id of many things. */
const NOT_LAMBDAS = new Set(["request_id", "request-id", "request.id"]);

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ...MESSAGE.map((key, rank) => [key, { kind: "message", rank }] as const),
  ...LEVEL.map(([key, numbers], rank) => [key, { kind: "level", rank, numbers }] as const),
  ...REQUEST_ID.map((key, rank) => [key, { kind: "requestId", rank }] as const),
  ...TRACE_ID.map((key, rank) => [key, { kind: "traceId", rank }] as const),
  ...SPAN_ID.map((key, rank) => [key, { kind: "spanId", rank }] as const),
  ["traceparent", { kind: "traceparent" }],
  ...NESTED.map((of) => [of, { kind: "nested", of }] as const),
]);

/** Keys remembered: a logger writes the same few again and again. */
const MAX_KNOWN = 2048;

/** Tells what the member of a key is; `undefined` for what is only itself. */
export type RoleOf = (key: string) => Role | undefined;

/** The roles of keys, each worked out once. */
export function createRoles(): RoleOf {
  const known = new Map<string, Role | undefined>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found;
    const role = findRole(key);
    if (known.size < MAX_KNOWN) known.set(key, role);
    return role;
  };
}

function findRole(key: string): Role | undefined {
  if (key.length > 24 || NOT_LAMBDAS.has(key.toLowerCase())) return undefined;
  const plain = key.toLowerCase().replace(/[_\-.@ ]/g, "");
  if (SERILOG.has(plain) && !key.startsWith("@")) return undefined;
  return ROLES.get(plain);
}
