/** Runs the conformance checks on any extension. */
import { type Lambda, startLambda } from "../lambda.ts";
import { formatTable } from "../tables.ts";
import { nowMs } from "../waiters.ts";
import { type BackEnd, startBackEnd } from "./back_end.ts";
import {
  type Check,
  type CheckOptions,
  type CheckResult,
  createMarker,
  type Harness,
  notJudged,
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
import { intakeOf } from "./intake.ts";
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
const CHECK_LIMIT_MS = 25_000;
/** With less than this left of the whole run a check is not begun, in ms. */
const LEAST_MS = 3_000;

/** How a run is bounded, and who follows it. */
export interface RunOptions {
  /** Of all checks together, in ms. @default none */
  readonly limitMs?: number;
  /** Told when a check begins, and with its report when it is over. */
  readonly onProgress?: (check: Check, report?: CheckReport) => void;
}

/** Runs those with the given numbers, or all. Never rejects: an error is a failed check. */
export async function runChecks(
  options: CheckOptions,
  numbers: ReadonlySet<number> = new Set(CHECKS.map(({ number }) => number)),
  { limitMs = Infinity, onProgress = () => {} }: RunOptions = {},
): Promise<readonly CheckReport[]> {
  const endAt = nowMs() + limitMs;
  const knowledge = createKnowledge(options);
  const chosen = CHECKS.filter(({ number }) => numbers.has(number));
  const atOnce = chosen.filter(({ waits }) => waits && options.sideBySide);
  const run = async (check: Check): Promise<CheckReport> => {
    onProgress(check);
    const report = await runCheck(check, options, knowledge, endAt);
    onProgress(check, report);
    return report;
  };
  const reports = await Promise.all(atOnce.map(run));
  // Not beside the others: these measure times.
  for (const check of chosen) if (!atOnce.includes(check)) reports.push(await run(check));
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

async function runCheck(
  check: Check,
  options: CheckOptions,
  knowledge: Knowledge,
  endAt: number,
): Promise<CheckReport> {
  const { number, title, limitMs = CHECK_LIMIT_MS } = check;
  const ownMs = Math.min(limitMs, endAt - nowMs());
  if (ownMs < LEAST_MS) {
    return { number, title, ...notJudged(`no time was left for it: --checks ${number} runs it alone`) };
  }
  const fault = check.startsByItself ? undefined : await knowledge.startFault();
  if (fault !== undefined) return { number, title, outcome: "fail", measured: fault };
  const harness = createHarness(options, knowledge);
  const { promise: late, resolve } = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(() => {
    const measured = `not over after ${(ownMs / 1000).toFixed(0)} s`;
    resolve(ownMs < limitMs ? notJudged(`${measured}, when the time was up`) : { outcome: "fail", measured });
  }, ownMs);
  try {
    return { number, title, ...await Promise.race([check.run(harness), late]) };
  } catch (error) {
    return {
      number,
      title,
      outcome: "fail",
      measured: error instanceof Error ? error.message : String(error),
    };
  } finally {
    clearTimeout(timer);
    // A check that is late is still at it; without its sandboxes it comes to an end.
    await harness.close();
  }
}

/** What is found out once for all checks. */
interface Knowledge {
  /** Why it does not start at all; `undefined` when it does. */
  startFault(): Promise<string | undefined>;
  forwardsLogs(): Promise<boolean>;
  whyUnreadable(): Promise<string>;
}

interface OwnHarness extends Harness {
  /** Ends what the check has started and not ended. */
  close(): Promise<void>;
}

function createHarness(options: CheckOptions, knowledge: Knowledge): OwnHarness {
  const open = new Set<Stage>();
  let closed = false;
  return {
    options,
    ...knowledge,
    start: async (chosen) => {
      if (closed) throw new Error("The check's time is up");
      const stage = await startStage(options, chosen, () => open.delete(stage));
      open.add(stage);
      return stage;
    },
    close: async () => {
      closed = true;
      await Promise.all([...open].map((stage) => stage[Symbol.asyncDispose]()));
    },
  };
}

/** A sandbox with the extension beside a back end. */
async function startStage(
  options: CheckOptions,
  { backEndUrl, env, ...rest }: StageOptions = {},
  onClosed: () => void,
): Promise<Stage> {
  const backEnd = startBackEnd();
  const url = backEndUrl ?? backEnd.url;
  const own = Object.entries(options.env).map(([name, value]) => [name, value.replaceAll("{backend}", url)]);
  const lambda = await startLambda({
    extension: options.extension,
    memorySizeMb: 512,
    ...rest,
    env: { ...Object.fromEntries(own), ...env },
  });
  let closing: Promise<void> | undefined;
  return {
    lambda,
    backEnd,
    figures: () => readDatawayFigures(backEnd.taken),
    // By the check itself, or by who ends a check that is late; or by both.
    [Symbol.asyncDispose]: () => closing ??= closeStage(lambda, backEnd).finally(onClosed),
  };
}

async function closeStage(lambda: Lambda, backEnd: BackEnd): Promise<void> {
  await lambda[Symbol.asyncDispose]();
  await backEnd[Symbol.asyncDispose]();
}

interface Probed {
  readonly forwards: boolean;
  readonly why: string;
  readonly fault?: string;
}

/** One sandbox when all is well tells whether lines are forwarded, and in what form data comes. */
function createKnowledge(options: CheckOptions): Knowledge {
  let probing: Promise<Probed> | undefined;

  async function probe(): Promise<Probed> {
    await using stage = await startStage(
      options,
      { initTimeoutMs: PROBE_INIT_MS, timeoutMs: 3000 },
      () => {},
    );
    const { lambda, backEnd } = stage;
    const { status, errorType } = await lambda.init();
    if (status !== "success") {
      const fault = `its init ends with ${errorType ?? status}`;
      return { forwards: false, why: fault, fault };
    }
    const marker = createMarker();
    await lambda.invoke({ logs: [marker] });
    await lambda.invoke();
    if (lambda.running) await lambda.shutdown();
    return { forwards: backEnd.has(marker), why: describeTaken(backEnd) };
  }

  return {
    startFault: async () => (await (probing ??= probe())).fault,
    forwardsLogs: async () => (await (probing ??= probe())).forwards,
    whyUnreadable: async () => (await (probing ??= probe())).why,
  };
}

/** A cold start of ten seconds is an extension's whole time; here it only shows that it hangs. In ms. */
const PROBE_INIT_MS = 6_000;

function describeTaken({ taken }: BackEnd): string {
  if (taken.length === 0) return "nothing reached the back end: does --env tell it to send to {backend}?";
  const names = [...new Set(taken.map(({ path }) => intakeOf(path)))].map((name) =>
    name === "unknown" ? "of no form that is known here" : `${name}'s`
  );
  return `only Dataway's form tells invocations, errors and cold starts here, and what it sent is ${
    names.join(", ")
  }`;
}
