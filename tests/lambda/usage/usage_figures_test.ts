import { assert, assertEquals } from "@std/assert";
import type { Figure } from "../../../src/lambda/metric_fields.ts";
import { decodeTelemetryEvent, type TelemetryEvent } from "../../../src/lambda/telemetry_event.ts";
import { createUsageFigures, type UsageFiguresOptions } from "../../../src/lambda/usage/usage_figures.ts";
import type { UsageMeter } from "../../../src/lambda/usage/usage_meter.ts";

const ID = "0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11";
const PRICES = { request: 0.000_000_2, gbSecond: 0.000_016_666_7 };

function event(type: string, record: Record<string, unknown>): TelemetryEvent {
  const decoded = decodeTelemetryEvent({ type, time: "2026-11-25T12:00:00.000Z", record });
  assert(decoded !== undefined);
  return decoded;
}

const report = (metrics: Record<string, unknown>): TelemetryEvent =>
  event("platform.report", { requestId: ID, status: "success", metrics });

function meter(): UsageMeter & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    begin: (id) => void calls.push(`begin ${id}`),
    end: (id): Figure[] => {
      calls.push(`end ${id}`);
      return [["cpu_total_ms", 7]];
    },
  };
}

const figures = (options: Partial<UsageFiguresOptions>): ReturnType<typeof createUsageFigures> =>
  createUsageFigures({
    prices: undefined,
    meter: undefined,
    tellsBilled: false,
    managedInstance: false,
    ...options,
  });

Deno.test("a report has its cost, the init's share of it, and what the extension added to the bill", () => {
  const usage = figures({ prices: PRICES, tellsBilled: true });
  usage.invoked(ID);
  usage.held(ID, 12);
  const cold = report({ durationMs: 40, billedDurationMs: 472, memorySizeMB: 1024, initDurationMs: 431.2 });
  assertEquals(usage.of(cold), [
    ["estimated_cost_usd", 0.000_008_066_682],
    ["init_cost_usd", 0.000_007_186_681],
    ["extension_billed_ms", 12],
  ]);
  assertEquals(usage.of(report({ billedDurationMs: 40, memorySizeMB: 1024 })), [
    ["estimated_cost_usd", 0.000_000_866_668],
    ["extension_billed_ms", undefined],
  ]);
});

Deno.test("no cost is told where no price is known, nor of a report that tells no bill", () => {
  const unknown = figures({ tellsBilled: true });
  assertEquals(unknown.of(report({ billedDurationMs: 40, memorySizeMB: 128 })), [
    ["extension_billed_ms", undefined],
  ]);
  assertEquals(figures({ prices: PRICES }).of(report({ durationMs: 40 })), [
    ["extension_billed_ms", undefined],
  ]);
});

Deno.test("what an invocation used is told when its runtime is done", () => {
  const measured = meter();
  const usage = figures({ meter: measured });
  usage.invoked(ID);
  const done = event("platform.runtimeDone", { requestId: ID, metrics: { durationMs: 5 } });
  assertEquals(usage.of(done), [["cpu_total_ms", 7]]);
  assertEquals(measured.calls, [`begin ${ID}`, `end ${ID}`]);
});

Deno.test("on managed instances the whole sandbox is one measurement", () => {
  const measured = meter();
  const usage = figures({ meter: measured, managedInstance: true });
  usage.of(event("platform.start", { requestId: ID }));
  usage.of(report({ durationMs: 40 }));
  assertEquals(usage.shutdown(), [["shutdowns", 1], ["unused_init", 0], ["cpu_total_ms", 7]]);
  assertEquals(measured.calls, ["begin ", "end "]);
});

Deno.test("a sandbox that ends without a request was for nothing", () => {
  assertEquals(figures({ meter: meter() }).shutdown(), [["shutdowns", 1], ["unused_init", 1]]);
  const served = figures({ meter: meter() });
  served.invoked(ID);
  assertEquals(served.shutdown(), [["shutdowns", 1], ["unused_init", 0]]);
  assertEquals(figures({ prices: PRICES }).shutdown(), []);
});
