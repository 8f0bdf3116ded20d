/** What a check of a layer finds, and small helpers to look into JSON that anyone may have written. */

/** `note` tells something that is neither right nor wrong. */
export type Verdict = "ok" | "WRONG" | "MISSING" | "note";

/** One line of the answer. */
export interface CheckResult {
  readonly verdict: Verdict;
  readonly what: string;
  readonly details: string;
}

/** Equal to what was wanted, or both values. */
export function compare(what: string, wanted: unknown, actual: string): CheckResult {
  return wanted === actual
    ? checkResult("ok", what, actual)
    : checkResult("WRONG", what, `should be ${wanted ?? "told, but is not"}; the zip has ${actual}`);
}

/** One line of the answer. */
export function checkResult(verdict: Verdict, what: string, details: string): CheckResult {
  return { verdict, what, details };
}

/** The value at `path` inside of JSON; undefined when there is none. */
export function pick(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? new Map(Object.entries(inner)).get(key) : undefined,
    value,
  );
}

/** An array's items; none when it is no array. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a JSON file holds; undefined when it is not there or not JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return undefined;
  }
}

/** A path's last part. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
