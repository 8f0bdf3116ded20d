/** Whether what an extension tells is true. Needs data of a format that can be read. */
import type { InvokeResult } from "../invocation.ts";
import type { LambdaOptions } from "../options.ts";
import type { FunctionScript } from "../script.ts";
import { nowMs, sleep } from "../waiters.ts";
import { type Check, type CheckResult, createMarker, type Harness, ms, notJudged, verdict } from "./check.ts";
import type { Figures } from "./figures.ts";

const SHUTDOWN_LIMIT_MS = 1400;
/** A first request this long after init means that Lambda had initialized ahead of demand, in ms. */
const PROACTIVE_MS = 10_500;
/** Data of a managed instance has to leave within this time, in ms. */
const MANAGED_FLUSH_MS = 30_000;
const MANAGED_LIMIT_MS = MANAGED_FLUSH_MS + 15_000;

export const deliversAtSpindown: Check = {
  number: 9,
  title: `the last report and lines are sent at spindown; ${SHUTDOWN_LIMIT_MS} ms at most, exit code 0`,
  async run(harness): Promise<CheckResult> {
    await using stage = await harness.start();
    const { lambda, backEnd } = stage;
    await lambda.init();
    for (let n = 0; n < 2; n++) await lambda.invoke();
    const marker = createMarker();
    await lambda.invoke({ logsAfterResponse: [marker] });
    const { exitCode, killed, tookMs } = await lambda.shutdown();
    const lines = await harness.forwardsLogs() ? backEnd.has(marker) : undefined;
    const reports = stage.figures()?.reportTimesMs.length;
    const measured = [
      ms(tookMs),
      `exit code ${exitCode}${killed ? ", killed" : ""}`,
      ...lines === undefined ? [] : [lines ? "last line sent" : "last line missing"],
      ...reports === undefined ? [] : [`${reports} of 3 reports`],
    ].join(", ");
    const complete = lines !== false && (reports === undefined || reports === 3);
    return verdict(exitCode === 0 && !killed && tookMs < SHUTDOWN_LIMIT_MS && complete, measured);
  },
};

/** What one invocation of each kind has to count as, besides the one that follows it. */
const SHAPES: readonly {
  readonly name: string;
  readonly script: FunctionScript;
  readonly expected: Pick<Figures, "errors" | "timeouts" | "outOfMemory">;
  /** The status calls it a success, and only the spans that are missing tell that it was none: both are right. */
  readonly mayBeNone?: boolean;
}[] = [
  { name: "timeout", script: { outcome: "hang" }, expected: { errors: 1, timeouts: 1, outOfMemory: 0 } },
  { name: "crash", script: { outcome: "crash" }, expected: { errors: 1, timeouts: 0, outOfMemory: 0 } },
  ...(["oom_reported", "oom_killed", "oom_logged"] as const).map((outcome) => ({
    name: outcome,
    script: { outcome },
    expected: { errors: 1, timeouts: 0, outOfMemory: 1 },
  })),
  {
    name: "handled error",
    script: { outcome: "error", silent: true },
    expected: { errors: 1, timeouts: 0, outOfMemory: 0 },
    mayBeNone: true,
  },
];

export const countsFailures: Check = {
  number: 10,
  limitMs: 40_000,
  title:
    "timeout, crash and out of memory count exactly once each; a handled error once at most, and as nothing else",
  async run(harness): Promise<CheckResult> {
    const broken: string[] = [];
    for (const { name, script, expected, mayBeNone = false } of SHAPES) {
      const figures = await countSandbox(harness, { timeoutMs: 800 }, async (invoke) => {
        await invoke(script);
        await invoke();
      });
      if (figures === undefined) return notJudged(await harness.whyUnreadable());
      const { errors, timeouts, outOfMemory, invocations } = figures;
      const told = { errors, timeouts, outOfMemory };
      const allowed = mayBeNone ? [expected, { ...expected, errors: 0 }] : [expected];
      const isRight = allowed.some((each) => JSON.stringify(each) === JSON.stringify(told));
      if (!isRight || invocations !== 2) {
        broken.push(`${name}: ${JSON.stringify({ ...told, invocations })}`);
      }
    }
    return verdict(broken.length === 0, broken.join("; ") || `${SHAPES.length} of ${SHAPES.length} shapes`);
  },
};

export const attributesReports: Check = {
  number: 11,
  title:
    "a report that comes during the next invocation belongs to its own; runtimeDone before INVOKE counts once",
  async run(harness): Promise<CheckResult> {
    await using stage = await harness.start();
    const { lambda } = stage;
    await lambda.init();
    await lambda.invoke();
    await lambda.freeze(300);
    const second = await lambda.invoke();
    await lambda.shutdown();
    const first = stage.figures()?.reportTimesMs[0];
    if (first === undefined) return notJudged(await harness.whyUnreadable());
    const early = Math.floor(second.startedAt) - first;

    const invokeDelayMs = 150;
    let longestMs = 0;
    const late = await countSandbox(harness, { invokeDelayMs }, async (invoke) => {
      for (let n = 0; n < 3; n++) longestMs = Math.max(longestMs, (await invoke()).extensionHoldMs ?? 0);
    });
    const measured =
      `first report is ${early} ms older than the second invocation; INVOKE ${invokeDelayMs} ms ` +
      `late: ${late?.invocations} of 3 counted, held ${ms(longestMs)}`;
    return verdict(early > 200 && late?.invocations === 3 && longestMs < invokeDelayMs + 500, measured);
  },
};

export const countsColdStarts: Check = {
  number: 12,
  limitMs: 50_000,
  title: "one cold start per environment or restore; none with provisioned concurrency or a proactive init",
  waits: true,
  async run(harness): Promise<CheckResult> {
    const cases: readonly (readonly [name: string, expected: number, figures: Figures | undefined])[] = [
      [
        "on demand",
        1,
        await countSandbox(harness, {}, async (invoke) => {
          await invoke();
          await invoke();
        }),
      ],
      [
        "crash, then suppressed init",
        2,
        await countSandbox(harness, {}, async (invoke) => {
          await invoke({ outcome: "crash" });
          await invoke();
        }),
      ],
      [
        "provisioned concurrency",
        0,
        await countSandbox(harness, { initializationType: "provisioned-concurrency" }, async (invoke) => {
          await invoke();
          await invoke();
        }),
      ],
      ["two restores", 2, await restoreTwice(harness)],
      ...harness.options.quick ? [] : [["proactive init", 0, await initProactively(harness)] as const],
    ];
    if (cases.some(([, , figures]) => figures === undefined)) return notJudged(await harness.whyUnreadable());
    const broken = cases.filter(([, expected, figures]) => figures?.coldStarts !== expected)
      .map(([name, expected, figures]) => `${name}: ${figures?.coldStarts} instead of ${expected}`);
    return verdict(broken.length === 0, broken.join("; ") || `${cases.length} of ${cases.length} cases`);
  },
};

export const servesManagedInstances: Check = {
  number: 15,
  limitMs: MANAGED_LIMIT_MS,
  title:
    "managed instances: no INVOKE registered, 50 requests side by side all counted, sent without shutdown",
  waits: true,
  async run(harness): Promise<CheckResult> {
    const requests = harness.options.quick ? 5 : 50;
    await using stage = await harness.start({
      initializationType: "lambda-managed-instances",
      concurrency: requests,
      initTimeoutMs: 10_000,
    });
    const { lambda, backEnd } = stage;
    const init = await lambda.init();
    if (init.status !== "success") {
      return verdict(false, [`init ${init.status}`, ...lambda.violations].join("; "));
    }
    const markers = Array.from({ length: requests }, createMarker);
    await Promise.all(
      markers.map((message, n) =>
        lambda.invoke({ sleepMs: n % 7, logs: [{ message, requestId: "{requestId}" }] })
      ),
    );
    const startedAt = nowMs();
    const logs = await harness.forwardsLogs();
    const complete = (): boolean => {
      const counted = stage.figures()?.invocations;
      return (counted === undefined || counted >= requests) && (!logs || markers.every(backEnd.has));
    };
    while (!complete() && nowMs() - startedAt < MANAGED_FLUSH_MS) await sleep(100);
    const waitedMs = nowMs() - startedAt;
    const arrived = markers.filter(backEnd.has).length;
    await lambda.shutdown();
    const counted = stage.figures()?.invocations;
    const measured = [
      ...counted === undefined ? [] : [`${counted} of ${requests} counted`],
      ...logs ? [`${arrived} of ${requests} lines`] : [],
      `after ${ms(waitedMs)}`,
      ...lambda.violations,
    ].join(", ");
    if (counted === undefined && !logs) return notJudged(await harness.whyUnreadable());
    const right = (counted === undefined || counted === requests) && (!logs || arrived === requests);
    return verdict(right && waitedMs < MANAGED_FLUSH_MS && lambda.violations.length === 0, measured);
  },
};

/** One sandbox from init to spindown, and what was told of it. */
async function countSandbox(
  harness: Harness,
  options: LambdaOptions,
  act: (invoke: (script?: FunctionScript) => Promise<InvokeResult>) => Promise<void>,
): Promise<Figures | undefined> {
  await using stage = await harness.start(options);
  await stage.lambda.init();
  await act((script) => stage.lambda.invoke(script));
  await stage.lambda.shutdown();
  return stage.figures();
}

async function restoreTwice(harness: Harness): Promise<Figures | undefined> {
  await using stage = await harness.start({
    initializationType: "snap-start",
    functionInit: { restoreMs: 30 },
  });
  const { lambda } = stage;
  await lambda.init();
  await lambda.invoke();
  await lambda.invoke();
  await lambda.freeze(20);
  await lambda.restore();
  await lambda.invoke();
  await lambda.shutdown();
  return stage.figures();
}

async function initProactively(harness: Harness): Promise<Figures | undefined> {
  await using stage = await harness.start();
  const { lambda } = stage;
  await lambda.init();
  await lambda.freeze(PROACTIVE_MS);
  await lambda.invoke();
  await lambda.shutdown();
  return stage.figures();
}
