/** Runs the conformance checks on any extension. */
import { startLambda } from "../lambda.ts";
import { formatTable } from "../tables.ts";
import { startBackEnd } from "./back_end.ts";
import {
  type Check,
  type CheckOptions,
  type CheckResult,
  createMarker,
  type Rig,
  type Stage,
  type StageOptions,
} from "./check.ts";
import {
  attributesReports,
  countsColdStarts,
  countsFailures,
  deliversAtSpindown,
  servesManagedInstances,
} from "./counting.ts";
import { readDatawayFigures } from "./figures.ts";
import { keepsToTmp, staysQuiet, survivesClockGap } from "./footprint.ts";
import { callsNext, survivesForgottenConnections, survivesHanging, survivesOutages } from "./holding.ts";
import { keepsNext, registers, survivesSubscription } from "./starting.ts";
import { answersTelemetry } from "./telemetry.ts";

/** In the order of the specification. */
export const CHECKS: readonly Check[] = [
  registers,
  keepsNext,
  survivesSubscription,
  answersTelemetry,
  callsNext,
  survivesHanging,
  survivesOutages,
  survivesForgottenConnections,
  deliversAtSpindown,
  countsFailures,
  attributesReports,
  countsColdStarts,
  staysQuiet,
  keepsToTmp,
  servesManagedInstances,
  survivesClockGap,
];

/** One line of the table. */
export interface CheckReport extends CheckResult {
  readonly number: number;
  readonly title: string;
}

/** A check that is not over by then has failed, in ms. */
const CHECK_LIMIT_MS = 180_000;

/** Runs those with the given numbers, or all. Never rejects: an error is a failed check. */
export async function runChecks(
  options: CheckOptions,
  numbers: ReadonlySet<number> = new Set(CHECKS.map(({ number }) => number)),
): Promise<readonly CheckReport[]> {
  const rig = createRig(options);
  const chosen = CHECKS.filter(({ number }) => numbers.has(number));
  const atOnce = chosen.filter(({ waits }) => waits && options.sideBySide);
  const reports = await Promise.all(atOnce.map((check) => runCheck(check, rig)));
  // Not beside the others: these measure times.
  for (const check of chosen) if (!atOnce.includes(check)) reports.push(await runCheck(check, rig));
  return reports.toSorted((a, b) => a.number - b.number);
}

/** The table of results. */
export function checkTable(reports: readonly CheckReport[]): string {
  return formatTable(
    [{ title: "#", align: "right" }, { title: "check", maxWidth: 90 }, { title: "result" }, {
      title: "measured",
      maxWidth: 160,
    }],
    reports.map(({ number, title, outcome, measured }) => [number, title, outcome, measured]),
  );
}

async function runCheck(check: Check, rig: Rig): Promise<CheckReport> {
  const { number, title } = check;
  const { promise: late, resolve } = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(
    () => resolve({ outcome: "fail", measured: `not over after ${CHECK_LIMIT_MS} ms` }),
    CHECK_LIMIT_MS,
  );
  try {
    return { number, title, ...await Promise.race([check.run(rig), late]) };
  } catch (error) {
    return {
      number,
      title,
      outcome: "fail",
      measured: error instanceof Error ? error.message : String(error),
    };
  } finally {
    clearTimeout(timer);
  }
}

function createRig(options: CheckOptions): Rig {
  let forwarding: Promise<boolean> | undefined;

  async function start({ backEndUrl, env, ...rest }: StageOptions = {}): Promise<Stage> {
    const backEnd = startBackEnd();
    const url = backEndUrl ?? backEnd.url;
    const own = Object.entries(options.env).map((
      [name, value],
    ) => [name, value.replaceAll("{backend}", url)]);
    const lambda = await startLambda({
      extension: options.extension,
      memorySizeMb: 512,
      ...rest,
      env: { ...Object.fromEntries(own), ...env },
    });
    return {
      lambda,
      backEnd,
      figures: () => readDatawayFigures(backEnd.taken),
      [Symbol.asyncDispose]: async () => {
        await lambda[Symbol.asyncDispose]();
        await backEnd[Symbol.asyncDispose]();
      },
    };
  }

  async function probe(): Promise<boolean> {
    await using stage = await start();
    await stage.lambda.init();
    const marker = createMarker();
    await stage.lambda.invoke({ logs: [marker] });
    await stage.lambda.invoke();
    if (stage.lambda.running) await stage.lambda.shutdown();
    return stage.backEnd.has(marker);
  }

  return { options, start, forwardsLogs: () => forwarding ??= probe() };
}
