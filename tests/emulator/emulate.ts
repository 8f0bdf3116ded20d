/** A standard life with any extension, and what reached the back end in it. */
import { type BackEnd, type BackEndRequest, startBackEnd } from "./checks/back_end.ts";
import { readPoints } from "./checks/figures.ts";
import { add, type Contents, readContents } from "./checks/contents.ts";
import { intakeOf } from "./checks/intake.ts";
import { TEST_TOKEN } from "./dataway.ts";
import { type Lambda, startLambda } from "./lambda.ts";
import type { LambdaOptions } from "./options.ts";
import { commonTags, pointTable, withoutTags } from "./point_tables.ts";
import { play, type Played, type Step } from "./play.ts";
import { callTable, deliveryTable, invocationTable, memoryTable, timeTable } from "./summary.ts";
import { formatTable } from "./tables.ts";
import { before, nowMs } from "./waiters.ts";

/** What is played. */
export interface EmulateOptions {
  readonly lambda: LambdaOptions;
  readonly invocations: number;
  readonly freezeMs: number;
  /** A life that is not over by then is ended, in ms. */
  readonly limitMs: number;
  readonly print: (line: string) => void;
}

/** What the life came to. */
export interface LifeReport {
  readonly invocations: readonly {
    readonly name: string;
    readonly status: string;
    readonly durationMs: number;
    readonly extensionHoldMs?: number;
  }[];
  readonly arrived: readonly Arrived[];
  /** Rules of the platform that were broken, one sentence each. */
  readonly violations: readonly string[];
}

/** The uploads to one path. */
export interface Arrived extends Contents {
  readonly path: string;
  readonly form: string;
  readonly requests: number;
  /** Inflated, in bytes. */
  readonly bytes: number;
  /** Uploads whose contents could not be counted. */
  readonly unread: number;
}

/** Plays the standard life and prints it. */
export async function emulate(options: EmulateOptions): Promise<LifeReport> {
  const { lambda: chosen, invocations, freezeMs, limitMs, print } = options;
  await using backEnd = startBackEnd();
  await using lambda = await startLambda({
    function: "process",
    onLog: ({ source, line }) => print(`${source.padEnd(10)} ${line}`),
    ...chosen,
    env: {
      ENV_DATAWAY: `${backEnd.url}?token=${TEST_TOKEN}`,
      ENV_HTTP_LISTEN: "127.0.0.1:0",
      ...withBackEnd(chosen.env ?? {}, backEnd.url),
    },
  });
  const playing = play(lambda, standardSteps(invocations, freezeMs), (line) => print(`> ${line}`));
  // The end of a life that is late makes it fail, which is told here as what it is.
  const settled = playing.catch(() => {});
  const played = await before(playing, nowMs() + limitMs);
  const violations = [...lambda.violations];
  if (played === "late") {
    violations.push(`the life was not over after ${limitMs / 1000} s, and was ended`);
    await lambda[Symbol.asyncDispose]();
    await settled;
  }
  if (played !== "late") printLife(lambda, backEnd, played, print);
  print(`\nRules broken\n${violations.length === 0 ? "none" : violations.join("\n")}`);
  return {
    invocations: played === "late" ? [] : played.invocations.map(({ name, result }) => ({
      name,
      status: result.errorType ?? result.status,
      durationMs: result.durationMs,
      ...result.extensionHoldMs === undefined ? {} : { extensionHoldMs: result.extensionHoldMs },
    })),
    arrived: summarize(backEnd.taken),
    violations,
  };
}

/** Variables with the back end's URL in the place that stands for it. */
function withBackEnd(env: Readonly<Record<string, string>>, url: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replaceAll("{backend}", url)]),
  );
}

/** Uploads by path, with what is in them. */
export function summarize(taken: readonly BackEndRequest[]): readonly Arrived[] {
  return [...Map.groupBy(taken, ({ path }) => path)].map(([path, requests]) => {
    const contents = requests.map(readContents);
    const counted = contents.filter((each) => each !== undefined);
    return {
      path,
      form: intakeOf(path),
      requests: requests.length,
      bytes: requests.reduce((sum, { body }) => sum + body.length, 0),
      unread: contents.length - counted.length,
      ...counted.reduce(add, { lines: 0, spans: 0, metricPoints: 0 }),
    };
  });
}

function printLife(lambda: Lambda, backEnd: BackEnd, played: Played, print: (line: string) => void): void {
  const points = readPoints(backEnd.taken);
  const sections: readonly (readonly [title: string, body: string])[] = [
    ["Invocations", invocationTable(played.invocations)],
    ["API calls", callTable(lambda)],
    ["Telemetry", deliveryTable(lambda)],
    ["What reached the back end", arrivedTable(summarize(backEnd.taken))],
    ...points.length === 0
      ? []
      : [["Points of Dataway", pointTable(withoutTags(points, commonTags(points)))] as const],
    ["Time", timeTable(lambda, played.invocations)],
    ...played.memory.size === 0 ? [] : [["Memory", memoryTable(played.memory)] as const],
  ];
  for (const [title, body] of sections) print(`\n${title}\n${body}`);
}

function arrivedTable(arrived: readonly Arrived[]): string {
  if (arrived.length === 0) return "nothing: does --env tell the extension to send to {backend}?";
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "path", maxWidth: 60 },
      { title: "form" },
      { title: "uploads", ...right },
      { title: "bytes", ...right },
      { title: "lines", ...right },
      { title: "spans", ...right },
      { title: "metric points", ...right },
      { title: "not read", ...right },
    ],
    arrived.map((each) => [
      each.path,
      each.form,
      each.requests,
      each.bytes,
      each.lines,
      each.spans,
      each.metricPoints,
      each.unread,
    ]),
  );
}

/** Ordinary invocations, a handled error, a freeze, a crash and a timeout with what follows each, spindown. */
function standardSteps(invocations: number, freezeMs: number): readonly Step[] {
  const ordinary = Array.from({ length: invocations }, (_, i): Step => ({
    kind: "invoke",
    name: `ordinary ${i + 1}`,
    script: { logs: [`text ${i + 1}`, { level: "INFO", message: `json ${i + 1}` }], sleepMs: 20 },
  }));
  const invoke = (name: string, script: Extract<Step, { kind: "invoke" }>["script"]): Step => ({
    kind: "invoke",
    name,
    script,
  });
  return [
    { kind: "init" },
    ...ordinary,
    invoke("handled error", { outcome: "error", errorType: "TypeError", errorMessage: "scripted" }),
    { kind: "freeze", ms: freezeMs },
    invoke("after the freeze", {}),
    invoke("crash", { logs: ["last words"], outcome: "crash" }),
    invoke("after the crash", {}),
    invoke("timeout", { outcome: "hang" }),
    invoke("after the timeout", {}),
    { kind: "shutdown" },
  ];
}
