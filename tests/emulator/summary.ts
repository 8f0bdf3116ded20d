/** What an emulated sandbox looked like, as tables for people. */
import type { InvokeResult } from "./invocation.ts";
import type { Lambda } from "./lambda.ts";
import { formatTable, median, showMb, showMs } from "./tables.ts";

/** One invocation with what it was meant to show. */
export interface NamedInvocation {
  readonly name: string;
  readonly result: InvokeResult;
}

/** One start of an extension; times since its execution, in ms. */
export interface Startup {
  readonly by: string;
  readonly registerMs: number | undefined;
  readonly subscribeMs: number | undefined;
  readonly firstNextMs: number | undefined;
}

/** Every start of every extension, in order. */
export function startupsOf(lambda: Pick<Lambda, "calls">): readonly Startup[] {
  return lambda.calls.flatMap((exec, index) => {
    if (exec.call !== "exec" || exec.by === "function") return [];
    const own = lambda.calls.slice(index + 1).filter(({ by }) => by === exec.by);
    const generation = own.slice(0, own.findIndex(({ call }) => call === "exec") >>> 0);
    const since = (call: string): number | undefined => {
      const found = generation.find((entry) => entry.call === call);
      return found === undefined ? undefined : found.at - exec.at;
    };
    return [{
      by: exec.by,
      registerMs: since("register"),
      subscribeMs: since("telemetry"),
      firstNextMs: since("next"),
    }];
  });
}

/** One row per invocation. */
export function invocationTable(invocations: readonly NamedInvocation[]): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "#", ...right },
      { title: "invocation", maxWidth: 34 },
      { title: "status" },
      { title: "caller got", maxWidth: 34 },
      { title: "answer ms", ...right },
      { title: "total ms", ...right },
      { title: "extension hold ms", ...right },
      { title: "billed ms", ...right },
    ],
    invocations.map(({ name, result }, index) => [
      index + 1,
      name,
      result.errorType ?? result.status,
      result.response,
      showMs(result.callerMs),
      showMs(result.durationMs),
      showMs(result.extensionHoldMs),
      result.billedDurationMs,
    ]),
  );
}

/** One row per kind of API call. */
export function callTable(lambda: Pick<Lambda, "calls">): string {
  const kinds = Map.groupBy(
    lambda.calls.filter(({ call }) => call !== "exec"),
    ({ by, call, status }) => `${by}\0${call}\0${status ?? "open"}`,
  );
  const right = { align: "right" } as const;
  return formatTable(
    [{ title: "by" }, { title: "call" }, { title: "answer" }, { title: "times", ...right }],
    [...kinds].map(([kind, calls]) => [...kind.split("\0"), calls.length]),
  );
}

/** How telemetry was taken. */
export function deliveryTable(lambda: Pick<Lambda, "deliveries">): string {
  const right = { align: "right" } as const;
  const byName = Map.groupBy(lambda.deliveries, ({ name }) => name);
  return formatTable(
    [
      { title: "subscriber" },
      { title: "posts", ...right },
      { title: "bytes", ...right },
      { title: "refused", ...right },
      { title: "median ms", ...right },
      { title: "slowest ms", ...right },
    ],
    [...byName].map(([name, posts]) => [
      name,
      posts.length,
      posts.reduce((sum, { bytes }) => sum + bytes, 0),
      posts.filter(({ result }) => !result.ok).length,
      showMs(median(posts.map(({ tookMs }) => tookMs))),
      showMs(Math.max(...posts.map(({ tookMs }) => tookMs))),
    ]),
  );
}

/** Where time went. */
export function timeTable(lambda: Lambda, invocations: readonly NamedInvocation[]): string {
  const rows: (readonly string[])[] = startupsOf(lambda).flatMap((startup, index) => [
    [`start ${index + 1}: exec to register`, showMs(startup.registerMs)],
    [`start ${index + 1}: exec to subscription`, showMs(startup.subscribeMs)],
    [`start ${index + 1}: exec to first next`, showMs(startup.firstNextMs)],
  ]);
  const holds = invocations.flatMap(({ result }) => result.extensionHoldMs ?? []);
  if (holds.length > 0) {
    rows.push(["runtime done to next: least", showMs(Math.min(...holds))]);
    rows.push(["runtime done to next: median", showMs(median(holds))]);
    rows.push(["runtime done to next: most", showMs(Math.max(...holds))]);
  }
  return formatTable([{ title: "time" }, { title: "ms", align: "right" }], rows);
}

/** Where memory went. */
export function memoryTable(memory: ReturnType<Lambda["memory"]>): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "process" },
      { title: "resident MB", ...right },
      { title: "of it its own MB", ...right },
      { title: "peak MB", ...right },
    ],
    [...memory].map(([name, { residentBytes, anonymousBytes, peakBytes }]) => [
      name,
      showMb(residentBytes),
      showMb(anonymousBytes),
      showMb(peakBytes),
    ]),
  );
}
