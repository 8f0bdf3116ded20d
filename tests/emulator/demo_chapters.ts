/** The demo in chapters: what happens in each, and the one line that it comes to. */
import type { Controls } from "./controls.ts";
import type { DatawayDouble } from "./dataway.ts";
import { type DemoPorts, orderSends } from "./demo_sends.ts";
import type { Lambda } from "./lambda.ts";
import type { Played, Step } from "./play.ts";
import { startupsOf } from "./summary.ts";
import { median, showMs } from "./tables.ts";

/** What the chapters act on. */
export interface DemoStage {
  readonly lambda: Lambda;
  readonly dataway: DatawayDouble;
  readonly controls: Pick<Controls, "dataway">;
  readonly ports: DemoPorts;
  readonly freezeMs: number;
}

/** One part of the story. */
export interface Chapter {
  readonly title: string;
  /** Happens first. */
  readonly before?: () => Promise<void>;
  readonly steps: readonly Step[];
  readonly tell: (played: Played) => string;
}

/** Orders with everything a function can send; the 12th waits until its time-out. */
export const ORDERS = 14;
const HANGING_ORDER = 12;
const ORDINARY = 6;
/** Printed between the last answer and the freeze: only the shutdown can bring it. */
export const LAST_LINE = "order 14 shipped";

/** The lines that order `n` prints. */
export function orderLines(n: number): readonly string[] {
  if (n === HANGING_ORDER) return ["order 12 waits for stock"];
  return [`order ${n} received: 订单 "${n}"`, `order ${n} priced`];
}

/** Cold start, orders, an outage, a freeze, an error, a time-out with its reset, spindown. */
export function demoChapters(stage: DemoStage): readonly Chapter[] {
  const { controls, dataway, freezeMs } = stage;
  const orders = (from: number, to: number): readonly Step[] =>
    Array.from({ length: to - from + 1 }, (_, i) => order(from + i, stage));
  const outage = watchOutage(dataway);
  let beforeShutdown = 0;
  const chapters: readonly Chapter[] = [
    { title: "cold start", steps: [{ kind: "init" }], tell: () => describeStart(stage) },
    {
      title: `${ORDINARY} orders`,
      steps: orders(1, ORDINARY),
      tell: (played) => `${describeTimes(played)}; each sends by every protocol`,
    },
    {
      title: "outage",
      before: () => controls.dataway("down"),
      steps: orders(ORDINARY + 1, ORDINARY + 2),
      tell: (played) => `Dataway is down; 2 orders are ${describeTimes(played)} all the same`,
    },
    {
      title: "freeze",
      before: async () => {
        outage.over();
        await controls.dataway("ok");
      },
      steps: [{ kind: "freeze", ms: freezeMs }, ...orders(ORDINARY + 3, ORDINARY + 5)],
      tell: () => `nothing runs for ${freezeMs} ms; Dataway is back for the next 3 orders`,
    },
    {
      title: "handled error",
      steps: [{
        kind: "invoke",
        name: "handled error",
        script: { outcome: "error", errorType: "CardDeclined", errorMessage: "insufficient funds" },
      }],
      tell: () => "the platform calls it a success; it is counted as the error it is",
    },
    {
      title: "time-out",
      steps: [order(HANGING_ORDER, stage)],
      tell: ({ endings: [reset] }) =>
        `the sandbox is reset, the extension ends with exit code ${reset?.exitCode}`,
    },
    {
      title: "new sandbox",
      steps: orders(13, ORDERS),
      tell: ({ invocations: [first] }) =>
        `its init of ${showMs(first?.result.init?.durationMs)} ms is part of the next invocation`,
    },
    {
      title: "shutdown",
      before: () => {
        beforeShutdown = dataway.requests.length;
        return Promise.resolve();
      },
      steps: [{ kind: "shutdown" }],
      tell: ({ endings: [end] }) => {
        const saved = dataway.requests.slice(beforeShutdown).flatMap(({ points }) => points).length;
        return `exit code ${end?.exitCode} ${
          showMs(end?.afterEventMs)
        } ms after SHUTDOWN; ${saved} points were saved by it`;
      },
    },
  ];
  return chapters.map((chapter) => ({
    ...chapter,
    tell: (played) => `${chapter.tell(played)}${outage.describeArrivals()}`,
  }));
}

function order(n: number, { ports }: DemoStage): Step {
  return {
    kind: "invoke",
    name: `order ${n}`,
    // Made when it happens: what it sends has the times of then.
    script: () => ({
      logs: orderLines(n).map((line, index) =>
        index === 0 ? line : { level: "INFO", requestId: "{requestId}", message: line, cents: 995 }
      ),
      sends: orderSends(n, ports),
      ...(n === HANGING_ORDER
        ? { outcome: "hang" as const }
        : { sleepMs: 10, response: { order: n, total: 9.95 } }),
      ...(n === ORDERS ? { logsAfterResponse: [LAST_LINE] } : {}),
    }),
  };
}

function describeStart({ lambda }: DemoStage): string {
  const [startup] = startupsOf(lambda);
  const ms = (value: number | undefined): string =>
    value === undefined ? "never" : `after ${showMs(value)} ms`;
  return `the extension registers ${ms(startup?.registerMs)} and is ready ${ms(startup?.firstNextMs)}`;
}

function describeTimes({ invocations }: Played): string {
  const answers = invocations.map(({ result }) => result.callerMs);
  const holds = invocations.flatMap(({ result }) => result.extensionHoldMs ?? []);
  return `answered after ${showMs(median(answers))} ms, held ${showMs(median(holds))} ms` +
    (invocations.length > 1 ? " (medians)" : "");
}

/** Tells when the points arrive that are from before Dataway was back. */
function watchOutage(
  dataway: DatawayDouble,
): { readonly over: () => void; readonly describeArrivals: () => string } {
  let from = Infinity;
  let backAtMs = 0;
  return {
    over: () => {
      from = dataway.requests.length;
      backAtMs = Date.now();
    },
    describeArrivals: () => {
      const fresh = dataway.requests.slice(from).flatMap(({ points }) => points);
      if (from < dataway.requests.length) from = dataway.requests.length;
      const waited = fresh.filter(({ timeNs }) => Number(timeNs / 1_000_000n) < backAtMs).length;
      return waited === 0 ? "" : `; ${waited} points that waited arrive`;
    },
  };
}
