/** Runs a function through all its cases under the compiled extension, and gathers what Dataway was sent of each. */
import { buildBinary } from "../../build.ts";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import { sleep } from "../emulator/waiters.ts";
import { type Sandbox, startExecutable } from "../support/sandbox.ts";
import type { LogFormat } from "./cases.ts";
import type { Language, RuntimeClient } from "./runtime.ts";

/** What is set of a function's surroundings. */
export interface Surroundings {
  readonly logFormat: LogFormat;
  readonly logPipe: "framed" | "unframed";
  /** Whether the platform tells the spans of `runtimeDone`, which tell an answer from an error. */
  readonly spans: boolean;
}

/** What arrived of one invocation. */
export interface Observation {
  /** The event's `case`. */
  readonly name: string;
  readonly requestId: string;
  /** The sum of the `errors` metric. */
  readonly errors: number;
  /** Its logs: by their request id, or by time where they have none. */
  readonly logs: readonly ReceivedPoint[];
}

/** A case of its own: the function's code fails before there is a handler. */
export const INIT_ERROR = "init error";

/** Points of one invocation are told from the next one's by their times, which are whole milliseconds. */
const APART_MS = 5;

/** One sandbox for all cases, and one for the init that fails. */
export async function observe(
  language: Language,
  client: RuntimeClient,
  surroundings: Surroundings,
): Promise<readonly Observation[]> {
  const names = [
    ...language.cases.map(({ name }) => name),
    ...surroundings.spans ? language.loggers.map(({ name }) => `logger ${name}`) : [],
  ];
  const observations = [...await observeIn(client, surroundings, names)];
  if (surroundings.spans) observations.push(...await observeIn(client, surroundings, [INIT_ERROR]));
  return observations;
}

async function observeIn(
  client: RuntimeClient,
  { logFormat, logPipe, spans }: Surroundings,
  names: readonly string[],
): Promise<readonly Observation[]> {
  const failing = names.includes(INIT_ERROR);
  const command = client.command();
  const start = startExecutable(await buildBinary());
  const options: LambdaOptions = {
    function: failing ? { ...command, env: { ...command.env, FUNCTION_INIT: "fail" } } : command,
    handler: command.env?.["_HANDLER"] ?? "index.handler",
    logFormat,
    logPipe,
    runtimeDoneSpans: spans,
    memorySizeMb: 1024,
    timeoutMs: 30_000,
  };
  await using sandbox = await start(options);
  await sandbox.lambda.init();
  const invoked: { readonly name: string; readonly requestId: string; readonly at: number }[] = [];
  // The first invocation shows whether there are spans at all.
  for (const name of failing ? names : ["success", ...names]) {
    await sleep(APART_MS);
    const { requestId, startedAt } = await sandbox.lambda.invoke({}, {
      payload: JSON.stringify({ case: name }),
    });
    invoked.push({ name, requestId, at: Math.floor(startedAt) });
  }
  if (sandbox.lambda.running) await sandbox.lambda.shutdown();
  const faults = [...sandbox.dataway.violations, ...sandbox.lambda.violations];
  if (faults.length > 0) throw new Error(`Cannot judge a sandbox with faults: ${faults.join("; ")}`);
  return invoked.map(({ name, requestId, at }, index) => {
    const until = invoked[index + 1]?.at ?? Infinity;
    const inTime = (point: ReceivedPoint): boolean => timeMs(point) >= at && timeMs(point) < until;
    return { name, requestId, errors: errorsOf(sandbox, inTime), logs: logsOf(sandbox, requestId, inTime) };
  }).slice(failing ? 0 : 1);
}

function errorsOf({ dataway }: Sandbox, inTime: (point: ReceivedPoint) => boolean): number {
  return dataway.points("metric", "awslambda-metric").filter(inTime)
    .reduce((sum, { fields }) => sum + Number(fields.get("errors") ?? 0), 0);
}

function logsOf(
  { dataway }: Sandbox,
  requestId: string,
  inTime: (point: ReceivedPoint) => boolean,
): readonly ReceivedPoint[] {
  return dataway.points("logging", "awslambda-logging").filter((point) => {
    const id = requestIdOf(point);
    return id === undefined ? inTime(point) : id === requestId;
  });
}

/** The request that a log names. */
export function requestIdOf({ fields }: ReceivedPoint): string | undefined {
  const id = fields.get("aws_request_id");
  return typeof id === "string" ? id : undefined;
}

function timeMs({ timeNs }: ReceivedPoint): number {
  return Number(timeNs / 1_000_000n);
}
