/** What an extension costs an invocation, and what it does with a back end that is out of order. */
import { median } from "../tables.ts";
import { type BackEndMode } from "./back_end.ts";
import {
  type Check,
  type CheckResult,
  createMarker,
  ms,
  notApplicable,
  notJudged,
  type Stage,
  verdict,
} from "./check.ts";
import { startSilentServer } from "../../support/loopback.ts";

const NO_LINES = "no line of the function was found in what it sent, so a loss would not be seen";
const HOLD_LIMIT_MS = 50;
/** Longer than clients are right to trust an idle connection, in ms. */
const STALE_MS = 6000;
/** What a sandbox with a broken back end may hold on to beyond one with a healthy one, in MB. */
const MEMORY_LIMIT_MB = 64;
/** Longer than a label of a domain name may be: fails to resolve without asking any server. */
const NO_HOST = `https://${"a".repeat(64)}.invalid`;

export const callsNext: Check = {
  number: 5,
  title: `calls next ${HOLD_LIMIT_MS} ms after runtimeDone at most when the back end is well`,
  async run(harness): Promise<CheckResult> {
    await using stage = await harness.start();
    await stage.lambda.init();
    const holds: number[] = [];
    for (let n = 0; n < (harness.options.quick ? 5 : 30); n++) {
      const { extensionHoldMs, status } = await stage.lambda.invoke();
      if (status !== "success") return verdict(false, `an invocation ended with ${status}`);
      if (extensionHoldMs === undefined) return notApplicable("it is not waited for");
      holds.push(extensionHoldMs);
    }
    const middle = median(holds);
    return verdict(middle <= HOLD_LIMIT_MS, `${ms(middle)}, median of ${holds.length}`);
  },
};

export const survivesHanging: Check = {
  number: 6,
  title: "a back end that hangs holds no invocation beyond the flush timeout, and loses nothing",
  async run(harness): Promise<CheckResult> {
    const { flushTimeoutMs } = harness.options;
    await using stage = await harness.start({ timeoutMs: flushTimeoutMs + 2000 });
    const { lambda, backEnd } = stage;
    await lambda.init();
    backEnd.answer("hang");
    const markers = Array.from({ length: 4 }, createMarker);
    const holds: number[] = [];
    for (const marker of markers) {
      const { extensionHoldMs, status } = await lambda.invoke({ logs: [marker], sleepMs: 60 });
      if (status !== "success") return verdict(false, `an invocation ended with ${status}`);
      holds.push(extensionHoldMs ?? 0);
    }
    backEnd.answer(200);
    await lambda.invoke();
    const { exitCode } = await lambda.shutdown();
    const longest = Math.max(...holds);
    const arrived = markers.filter((marker) => backEnd.has(marker)).length;
    const lossTold = await harness.forwardsLogs();
    const measured = [
      `longest hold ${ms(longest)} of ${flushTimeoutMs} ms`,
      lossTold ? `${arrived} of ${markers.length} lines arrived` : NO_LINES,
      `exit code ${exitCode}`,
    ].join(", ");
    const kept = !lossTold || arrived === markers.length;
    return verdict(longest <= flushTimeoutMs && kept && exitCode === 0, measured);
  },
};

export const survivesOutages: Check = {
  number: 7,
  limitMs: 60_000,
  title: "any failure of the back end: the function runs on, memory is bounded, losses are counted",
  async run(harness): Promise<CheckResult> {
    await using stalled = startSilentServer();
    const modes: readonly (readonly [name: string, mode: BackEndMode | "closed", url?: string])[] = [
      ["healthy", 200],
      ...([400, 403, 429, 500, 503] as const).map((status) => [String(status), status] as const),
      ["reset", "reset"],
      ["closed", "closed"],
      ["TLS stall", 200, `https://127.0.0.1:${stalled.port}`],
      ["DNS failure", 200, NO_HOST],
    ];
    const broken: string[] = [];
    let baseMb: number | undefined;
    let mostMb = 0;
    for (const [name, mode, backEndUrl] of modes) {
      await using stage = await harness.start(backEndUrl === undefined ? {} : { backEndUrl });
      if (mode === "closed") await stage.backEnd.close();
      else stage.backEnd.answer(mode);
      const run = await load(stage, harness.options.quick ? 1 : 4);
      if (run.fault !== undefined) broken.push(`${name}: ${run.fault}`);
      if (baseMb === undefined && run.fault !== undefined) return verdict(false, broken.join(", "));
      if (run.memoryMb === undefined) continue;
      baseMb ??= run.memoryMb;
      mostMb = Math.max(mostMb, run.memoryMb - baseMb);
      if (run.memoryMb - baseMb > MEMORY_LIMIT_MB) broken.push(`${name}: ${run.memoryMb.toFixed(0)} MB`);
    }
    const counted = harness.options.quick
      ? undefined
      : await countsLosses(await harness.start({ memorySizeMb: 128 }));
    if (counted?.fault !== undefined) broken.push(counted.fault);
    const measured = [
      ...broken.length === 0 ? [`${modes.length - 1} failures survived`] : broken,
      ...baseMb === undefined
        ? ["memory not measured"]
        : [`at most ${mostMb.toFixed(0)} MB above a healthy sandbox`],
      ...counted === undefined ? [] : [counted.text],
    ];
    return verdict(broken.length === 0, measured.join(", "));
  },
};

export const survivesForgottenConnections: Check = {
  number: 8,
  title: "after a long freeze the first flush succeeds though idle connections were dropped in silence",
  waits: true,
  async run(harness): Promise<CheckResult> {
    if (!await harness.forwardsLogs()) return notJudged(NO_LINES);
    await using stage = await harness.start({ timeoutMs: harness.options.flushTimeoutMs + 2000 });
    const { lambda, backEnd } = stage;
    await lambda.init();
    for (let n = 0; n < 3; n++) await lambda.invoke({ logs: [createMarker()] });
    backEnd.forgetConnections();
    const freezeMs = Math.max(harness.options.freezeMs, STALE_MS);
    await lambda.freeze(freezeMs);
    const marker = createMarker();
    const { extensionHoldMs = 0 } = await lambda.invoke({ logs: [marker] });
    // An extension may have chosen to send with the next one.
    const atOnce = backEnd.has(marker);
    if (!atOnce) await lambda.invoke();
    const arrived = backEnd.has(marker);
    const when = atOnce
      ? "with its own invocation"
      : arrived
      ? "with the next invocation"
      : "not before shutdown";
    return verdict(arrived, `${freezeMs} ms frozen, line arrived ${when}, held ${ms(extensionHoldMs)}`);
  },
};

/** One sandbox with 100 kB of lines an invocation. */
async function load(
  { lambda }: Stage,
  invocations: number,
): Promise<{ readonly fault?: string; readonly memoryMb?: number }> {
  const lines = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(1000)}`);
  const init = await lambda.init();
  if (init.status !== "success") return { fault: `init ${init.status}` };
  for (let n = 0; n < invocations; n++) {
    const { status } = await lambda.invoke({ logs: lines });
    if (status !== "success") return { fault: `an invocation ended with ${status}` };
  }
  const memoryMb = extensionMemoryMb(lambda);
  const { exitCode, killed } = await lambda.shutdown();
  const fault = exitCode === 0 && !killed
    ? {}
    : { fault: `exit code ${exitCode}${killed ? ", killed" : ""}` };
  return { ...fault, ...(memoryMb === undefined ? {} : { memoryMb }) };
}

/** 30 MB of lines against a back end that is down, then a recovery: memory in between, and what became of the lines. */
async function countsLosses(stage: Stage): Promise<{ readonly fault?: string; readonly text: string }> {
  await using sandbox = stage;
  const { lambda, backEnd } = sandbox;
  await lambda.init();
  backEnd.answer(503);
  const rounds = 60;
  const perRound = 500;
  let halfMb: number | undefined;
  for (let round = 0; round < rounds; round++) {
    const logs = Array.from({ length: perRound }, (_, n) => `flood${round}/${n}; ${"x".repeat(980)}`);
    // Time for the platform to deliver: what it drops by itself is no loss of the extension's.
    await lambda.invoke({ logs, sleepMs: 40 });
    if (round === rounds / 2) halfMb = extensionMemoryMb(lambda);
  }
  const grownMb = (extensionMemoryMb(lambda) ?? 0) - (halfMb ?? 0);
  backEnd.answer(200);
  await lambda.shutdown();
  const bodies = backEnd.taken.map(({ body }) => new TextDecoder().decode(body)).join("\n");
  const arrived = new Set(bodies.match(/flood\d+\/\d+;/g)).size;
  const dropped = droppedByPlatform(lambda);
  const lost = rounds * perRound - arrived - dropped.records;
  const counted = sandbox.figures()?.dropped;
  const text = `flood: ${grownMb.toFixed(0)} MB grown in its second half, ${lost} lines lost, ` +
    (counted === undefined ? "how many were counted is not known" : `${counted} counted`);
  if (halfMb !== undefined && grownMb > 16) return { fault: `memory grows: ${grownMb.toFixed(0)} MB`, text };
  // The account itself may push out a line or two, and of what the platform drops a few are no lines.
  if (counted !== undefined && Math.abs(counted - lost) > 5 * (1 + dropped.batches)) {
    return { fault: `${lost} lost, ${counted} counted`, text };
  }
  return { text };
}

/** As the platform tells it to every subscriber. */
function droppedByPlatform(
  { events }: Stage["lambda"],
): { readonly records: number; readonly batches: number } {
  const told = events.filter(({ type }) => type === "platform.logsDropped").map(({ record }) =>
    typeof record === "object" && record !== null ? Number(Reflect.get(record, "droppedRecords")) : 0
  );
  return { records: told.reduce((sum, records) => sum + records, 0), batches: told.length };
}

function extensionMemoryMb(lambda: Stage["lambda"]): number | undefined {
  const memory = [...lambda.memory()].find(([name]) => name !== "function")?.[1];
  return memory === undefined ? undefined : memory.residentBytes / 1_048_576;
}
