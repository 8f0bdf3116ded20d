/** What must hold of the loss ledger and of an invocation's cost after any chaos. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { nowMs } from "../emulator/waiters.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import type { FunctionScript } from "../emulator/script.ts";
import type { Sandbox, StartSandbox } from "../support/sandbox.ts";

export interface ChaosScenario {
  readonly name: string;
  readonly run: (start: StartSandbox) => Promise<void>;
}

/** The sandbox of a scenario and what was put in. */
export interface ChaosSandbox extends AsyncDisposable {
  readonly sandbox: Sandbox;
  /** Invocations with one telling line each; every one must be answered and none held beyond the budget. */
  invoke(times: number, script?: FunctionScript): Promise<void>;
  /** Ends the sandbox: exit code 0, in time. Then checks the ledger; `lost` points may be counted as such. */
  end(expected?: Expected): Promise<void>;
}

export interface Expected {
  /** Points that were dropped, by reason. @default nothing */
  readonly dropped?: Readonly<Record<string, number>>;
  /** Points still held at the end, which the log has to tell. @default 0 */
  readonly held?: number;
  /** Dataway took a batch whose answer came too late: it comes again. @default false */
  readonly repeats?: boolean;
}

/** Own points are made while the ledger is told, so they are no part of it. */
const SELF = "awslambda-extension";
/** Enough for a loaded machine: what a budget cuts may have arrived, and then comes twice. In ms. */
const BUDGET_MS = 1000;
/** The platform's buffering, a full round through the loop, and a loaded machine. In ms. */
const SLACK_MS = 300;
/** After SHUTDOWN there are 2 s less what the runtime took. */
const SHUTDOWN_LIMIT_MS = 1400;

/** Starts a sandbox with a budget of its own, in ms. */
export async function startChaos(
  start: StartSandbox,
  { env, ...options }: LambdaOptions = {},
  budgetMs = BUDGET_MS,
): Promise<ChaosSandbox> {
  const sandbox = await start({ ...options, env: { ENV_DATAWAY_BUDGET: `${budgetMs}ms`, ...env } });
  const { lambda } = sandbox;
  const sent: string[] = [];
  const mark = crypto.randomUUID().slice(0, 8);
  return {
    sandbox,
    invoke: async (times, script = {}) => {
      for (let n = 0; n < times; n++) {
        const line = `${mark} ${sent.length}`;
        sent.push(line);
        const startedAt = nowMs();
        const { status, extensionHoldMs = 0 } = await lambda.invoke({ ...script, logs: [line] });
        assertEquals(status, "success");
        const lateMs = lambda.settings.telemetryChaos.delayMs ?? 0;
        const limitMs = budgetMs + SLACK_MS + lateMs;
        assertLess(extensionHoldMs, limitMs, `held ${extensionHoldMs} ms of ${nowMs() - startedAt} ms`);
      }
    },
    end: async (expected = {}) => {
      const { exitCode, killed, afterEventMs } = await lambda.shutdown();
      assertEquals({ exitCode, killed }, { exitCode: 0, killed: false });
      assertLess(afterEventMs, SHUTDOWN_LIMIT_MS);
      checkAccount(sandbox, expected);
      const arrived = messages(sandbox).filter((message) => message.startsWith(mark));
      const lost = sum(Object.values(expected.dropped ?? {})) + (expected.held ?? 0);
      if (lost === 0) assertEquals(new Set(arrived), new Set(sent), "a line of the function is missing");
      if (lost === 0 && !expected.repeats) assertEquals(arrived.length, sent.length, "a line came twice");
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** Messages of the log points that arrived, in order. */
export function messages({ dataway }: Sandbox): string[] {
  return dataway.points("logging").map((point) => String(point.fields.get("message")));
}

/** received = exported + held + dropped, and what was exported is what Dataway has. */
export function checkAccount(sandbox: Sandbox, { dropped = {}, held = 0, repeats = false }: Expected): void {
  const arrived = sandbox.dataway.points().filter(({ measurement }) => measurement !== SELF).length;
  const own = ownFigures(sandbox);
  if (sandbox.extension === undefined) {
    if (held > 0) return;
    // The figures leave with the last flush, so they cannot tell what came of it; Dataway can.
    const counted = sum([...own].filter(([name]) => name.startsWith("dropped_")).map(([, value]) => value));
    assertEquals(counted, sum(Object.values(dropped)), "dropped, as told by the extension's own points");
    const reached = (own.get("received") ?? 0) - counted;
    assert(repeats ? arrived >= reached : arrived === reached, `${arrived} of ${reached} points arrived`);
    return;
  }
  let exported = 0;
  const drops = new Map<string, number>();
  for (const end of sandbox.extension.ends) {
    let open = 0;
    for (const entry of end.ledger.entries()) {
      const lost = sum([...entry.dropped.values()]);
      open += entry.received - entry.exported - lost;
      if (entry.source === "self") continue;
      exported += entry.exported;
      for (const [reason, count] of entry.dropped) drops.set(reason, (drops.get(reason) ?? 0) + count);
    }
    assertEquals(open, end.held, "received = exported + held + dropped");
    if (held === 0) assertEquals(end.held, 0);
    else assert(end.held > 0);
  }
  assertEquals(Object.fromEntries(drops), dropped);
  assert(repeats ? arrived >= exported : arrived === exported, `${arrived} arrived, ${exported} exported`);
}

/** Sums of the extension's own counters over everything that arrived. */
export function ownFigures({ dataway }: Sandbox): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { fields } of dataway.points("metric", SELF)) {
    for (const [name, value] of fields) totals.set(name, (totals.get(name) ?? 0) + Number(value));
  }
  return totals;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
