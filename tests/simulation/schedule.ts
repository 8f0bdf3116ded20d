import type { FlushPlan } from "../../src/config/core.ts";
import { CATEGORIES, type Category, type Source } from "../../src/point/point.ts";
import { createRandom, type Random } from "./random.ts";

/** How a Dataway behaves for a while. */
export interface Mood {
  readonly kind: MoodKind;
  /** Until it answers, if it does. In ms. */
  readonly latencyMs: number;
}

export type MoodKind = (typeof FAULTS)[number] | "healthy" | "flapping";

/** What can be wrong with a Dataway. */
export const FAULTS = [
  "slow",
  "refuse",
  "hang",
  "reset",
  /** Logs hang, the rest is well. */
  "logs_hang",
  "drip",
  "408",
  "429",
  "429_retry_after",
  "500",
  "503",
  "302",
  "400",
  "403",
  "quota",
] as const;

/** Points of a local client. */
export interface Arrival {
  /** After the INVOKE, in ms. */
  readonly atMs: number;
  readonly source: Source;
  readonly category: Category;
  readonly count: number;
  readonly sizeBytes: number;
}

export interface Invocation {
  readonly runtimeMs: number;
  /** The function's own limit. */
  readonly timeoutMs: number;
  readonly logLines: number;
  readonly arrivals: readonly Arrival[];
  /** One for each endpoint. */
  readonly moods: readonly Mood[];
  /** INVOKE may come before or after the first telemetry. In ms. */
  readonly invokeDelayMs: number;
  /** Telemetry takes up to this long, in ms. */
  readonly telemetryDelayMs: number;
  readonly telemetryTwice: boolean;
  /** One POST an event, each as fast as it may: they overtake each other. */
  readonly telemetrySplit: boolean;
  /** Between the invocation's end and the next event, in ms. */
  readonly frozenMs: number;
  /** Whether the monotonic clock runs on in the freeze. */
  readonly monotonic: boolean;
  readonly wallJumpMs: number;
  /** It fails and is run again next, a minute later at least, under its request id. */
  readonly retried: boolean;
}

/** One sandbox, from its first event to its last. */
export interface Schedule {
  readonly seed: number;
  readonly plan: FlushPlan;
  readonly budgetMs: number;
  /** Of one upload, in ms. */
  readonly timeoutMs: number;
  readonly flushIntervalMs: number;
  readonly telemetry: boolean;
  readonly managedInstance: boolean;
  readonly endpoints: number;
  /** What an endpoint takes in one body, in bytes. */
  readonly endpointMaxBytes: number;
  readonly maxRawBodyBytes: number;
  readonly storeMaxBytes: number;
  readonly sequenceIds: boolean;
  /** How collecting aggregates goes. */
  readonly collect: "plain" | "slow" | "throws" | "hangs";
  readonly nextBreaks: boolean;
  readonly invocations: readonly Invocation[];
  readonly spool: boolean;
  /** Of all files, in bytes. */
  readonly spoolMaxBytes: number;
  /** What the disk takes, in bytes; 0: nothing can be written. */
  readonly diskBytes: number;
  readonly ending: "spindown" | "timeout" | "failure" | "kill";
  /** From the SHUTDOWN event to its deadline, in ms. */
  readonly shutdownMs: number;
}

/** Between a failed asynchronous invocation and its first retry, in ms. */
const RETRY_AFTER_MS = 60_000;
const SOURCES = ["otlp", "ddtrace", "statsd", "datakit", "telemetry"] as const;

/** The schedule of a seed: always the same, and each plan every fourth. */
export function createSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const plans: readonly [FlushPlan, ...FlushPlan[]] = [
    { kind: "adaptive" },
    { kind: "end" },
    { kind: "overlap" },
    { kind: "periodic", everyMs: random.magnitude(100, 60_000) },
  ];
  const managedInstance = random.chance(0.08);
  const endpoints = random.chance(0.3) ? 2 : 1;
  const alwaysWell = random.chance(0.2);
  const busy = random.chance(0.3);
  const count = random.chance(0.06) ? random.int(21, 35) : random.int(1, 8);
  let moods = newMoods(random, endpoints, alwaysWell);
  const ending = random.pick<Schedule["ending"]>(["spindown", "spindown", "timeout", "failure", "kill"]);
  const invocations = Array.from({ length: count }, (_, index): Invocation => {
    if (random.chance(0.3)) moods = newMoods(random, endpoints, alwaysWell);
    const invocation = newInvocation(random, moods, busy, managedInstance);
    if (ending !== "timeout" || index < count - 1) return invocation;
    return { ...invocation, runtimeMs: invocation.timeoutMs };
  });
  return {
    seed,
    plan: plans[seed % plans.length] ?? plans[0],
    budgetMs: random.chance(0.7) ? 500 : random.pick([0, 50, 150, 2000]),
    timeoutMs: random.pick([5000, 5000, 1000, 300]),
    flushIntervalMs: random.pick([10_000, 10_000, 1000, 300]),
    telemetry: managedInstance || random.chance(0.9),
    managedInstance,
    endpoints,
    endpointMaxBytes: random.pick([1e6, 1e6, 4000, 900]),
    maxRawBodyBytes: random.pick([1e6, 5000, 1500]),
    storeMaxBytes: random.pick([1e6, 1e6, 60_000, 15_000]),
    sequenceIds: random.chance(0.5),
    collect: random.chance(0.7) ? "plain" : random.pick(["slow", "throws", "hangs"]),
    nextBreaks: random.chance(0.1),
    invocations,
    ending,
    spool: random.chance(0.3),
    spoolMaxBytes: random.pick([1e6, 1e6, 20_000]),
    diskBytes: random.pick([1e9, 1e9, 1e9, 15_000, 0]),
    shutdownMs: random.chance(0.8) ? random.int(1300, 2000) : random.int(0, 600),
  };
}

function newMoods(random: Random, endpoints: number, alwaysWell: boolean): Mood[] {
  return Array.from({ length: endpoints }, (): Mood => {
    const latencyMs = random.int(1, 40);
    if (alwaysWell || random.chance(0.4)) return { kind: "healthy", latencyMs };
    const kind = random.chance(0.2) ? "flapping" : random.pick(FAULTS);
    return { kind, latencyMs: kind === "slow" ? random.magnitude(100, 8000) : latencyMs };
  });
}

function newInvocation(
  random: Random,
  moods: readonly Mood[],
  busy: boolean,
  managedInstance: boolean,
): Invocation {
  const timeoutMs = random.pick([3000, 3000, 300, 15_000, 60_000]);
  const runtimeMs = random.chance(0.85)
    ? random.magnitude(1, Math.min(400, timeoutMs - 1))
    : random.magnitude(1, timeoutMs - 1);
  const arrivals = Array.from({ length: random.int(0, 5) }, (): Arrival => ({
    // Some come after the runtime is done, while the extension is still busy.
    atMs: random.int(0, Math.ceil(runtimeMs * 1.1)),
    source: random.pick(SOURCES),
    category: random.chance(0.7) ? random.pick(["metric", "logging", "tracing"]) : random.pick(CATEGORIES),
    count: random.magnitude(1, 12),
    sizeBytes: random.magnitude(50, 1500),
  }));
  const retried = !managedInstance && random.chance(0.12);
  return {
    retried,
    runtimeMs,
    timeoutMs,
    logLines: random.int(0, 4),
    arrivals,
    moods,
    invokeDelayMs: random.int(0, 4),
    telemetryDelayMs: random.chance(0.85) ? random.int(0, 5) : random.magnitude(10, 5000),
    telemetryTwice: random.chance(0.15),
    telemetrySplit: random.chance(0.2),
    frozenMs: (retried ? RETRY_AFTER_MS : 0) +
      (busy ? random.magnitude(1, 3000) : random.magnitude(1, 7_200_000)),
    monotonic: random.chance(0.7),
    wallJumpMs: random.chance(0.05) ? random.int(-3_600_000, 3_600_000) : 0,
  };
}
