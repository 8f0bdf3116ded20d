/** What every check needs: finding points, reading JSON, the extension's own account. */
import { assertEquals } from "@std/assert";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { ClientRun } from "./run_client.ts";

/** 2026-01-01T00:00:00Z, to which the times in all clients' programs are relative, in ns. */
export const BASE_NS = 1_767_225_600_000_000_000n;

/** The points of one measurement. */
export function pointsOf(run: ClientRun, category: string, measurement: string): ReceivedPoint[] {
  return run.points.filter((point) => point.category === category && point.measurement === measurement);
}

/** What is in a JSON text, object or list; `{}` for other text, so that the comparison shows what came. */
export function parseObject(text: unknown): Record<string, unknown> {
  const value: unknown = JSON.parse(String(text));
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Values by name, only those that are named: the rest may differ between clients. */
export function pick(map: ReadonlyMap<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, map.get(name)]));
}

/**
 * Nothing was lost, refused, or worth a warning: neither in the extension's own account of `source`, nor in its
 * log, nor at Dataway, nor in the client's log but for lines of `expectedLog`.
 */
export function checkAccount(
  run: ClientRun,
  source: string,
  received: number,
  expectedLog: readonly RegExp[] = [],
): void {
  assertEquals(run.violations, []);
  assertEquals(run.warnings, []);
  assertEquals(run.clientLog.filter((line) => !expectedLog.some((pattern) => pattern.test(line))), []);
  const own = pointsOf(run, "metric", "awslambda-extension").filter((point) =>
    point.tags.get("source") === source
  );
  const count = (field: string): bigint =>
    own.reduce((sum, { fields }) => {
      const value = fields.get(field);
      return typeof value === "bigint" ? sum + value : sum;
    }, 0n);
  assertEquals(count("received"), BigInt(received), "points the extension says it received");
  const lost = own.flatMap(({ fields }) => [...fields]).filter(([field]) =>
    /^(dropped|refused)_/.test(field)
  );
  // What tracers tell of themselves has no place in a workspace, and is said to be left out.
  assertEquals(lost.filter(([field]) => field !== "refused_unsupported"), []);
}
