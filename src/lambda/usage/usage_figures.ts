/** What an invocation cost and used, as figures beside the platform's own on the same points. */
import type { Figure } from "../metric_fields.ts";
import type { TelemetryEvent } from "../telemetry_event.ts";
import { durationCost, requestCost } from "./cost.ts";
import type { Prices } from "./prices.ts";
import type { UsageMeter } from "./usage_meter.ts";

export interface UsageFiguresOptions {
  /** `undefined`: no cost is told. */
  readonly prices: Prices | undefined;
  /** `undefined`: nothing is told of what is used. */
  readonly meter: UsageMeter | undefined;
  /** The extension's own part of the bill is told too. */
  readonly tellsBilled: boolean;
  /** Invocations run side by side: what is used cannot be told apart, and is told once, of the whole life. */
  readonly managedInstance: boolean;
}

export interface UsageFigures {
  /** An INVOKE came. */
  invoked(requestId: string): void;
  /** `next` was held for this long after the runtime of this request was done: billed time, in ms. */
  held(requestId: string, billedMs: number): void;
  /** What goes beside the figures of an event that was not here before. */
  of(event: TelemetryEvent): readonly Figure[];
  /** The figures of a sandbox's end; none when they are off. */
  shutdown(): readonly Figure[];
}

/** Requests whose bill is still to come. */
const MAX_HELD = 64;
/** The life of a managed instance is one measurement. */
const LIFE = "";

/** Nothing has happened yet: on managed instances the measurement begins now. */
export function createUsageFigures(options: UsageFiguresOptions): UsageFigures {
  const { prices, meter, managedInstance } = options;
  const heldMs = new Map<string, number>();
  let served = false;
  if (managedInstance) meter?.begin(LIFE);

  function ofReport(event: TelemetryEvent & { readonly type: "platform.report" }): readonly Figure[] {
    const { requestId, billedDurationMs, memorySizeMb, initDurationMs } = event;
    const figures: Figure[] = [];
    if (prices !== undefined && billedDurationMs !== undefined && memorySizeMb !== undefined) {
      figures.push(["estimated_cost_usd", requestCost(prices, billedDurationMs, memorySizeMb)]);
      if (initDurationMs !== undefined) {
        figures.push(["init_cost_usd", durationCost(prices, initDurationMs, memorySizeMb)]);
      }
    }
    figures.push(["extension_billed_ms", heldMs.get(requestId)]);
    heldMs.delete(requestId);
    return figures;
  }

  return {
    invoked: (requestId) => {
      served = true;
      if (!managedInstance) meter?.begin(requestId);
    },
    held: (requestId, billedMs) => {
      if (!options.tellsBilled) return;
      heldMs.set(requestId, billedMs);
      if (heldMs.size > MAX_HELD) heldMs.delete(heldMs.keys().next().value ?? "");
    },
    of: (event) => {
      switch (event.type) {
        case "platform.start":
          served = true;
          return [];
        case "platform.runtimeDone":
          return meter === undefined || managedInstance ? [] : meter.end(event.requestId, event.durationMs);
        case "platform.report":
          return ofReport(event);
        default:
          return [];
      }
    },
    shutdown: () => {
      if (meter === undefined) return [];
      const life = managedInstance ? meter.end(LIFE, undefined) : [];
      return [["shutdowns", 1], ["unused_init", served ? 0 : 1], ...life];
    },
  };
}
