/** What happened, for assertions and for people. */
import type { LambdaSettings } from "./options.ts";
import type { Delivery } from "./telemetry.ts";
import { nowMs } from "./waiters.ts";

/** One call of an API. */
export interface ApiCall {
  /** Arrival, in epoch ms. */
  readonly at: number;
  /** E.g. `register`, `next`, `telemetry`, `exit/error`, `runtime/next`, `runtime/response`. */
  readonly call: string;
  /** The extension's name, or `function`. */
  readonly by: string;
  /** Undefined while it is not answered. */
  status?: number;
  /** From arrival to answer, in ms. */
  tookMs?: number;
}

/** A line of the function's log group. */
export interface LogEntry {
  readonly at: number;
  readonly source: "platform" | "function" | "extension";
  readonly line: string;
}

/** The record of one emulated Lambda. */
export interface Journal {
  readonly calls: readonly ApiCall[];
  readonly logs: readonly LogEntry[];
  readonly deliveries: readonly (Delivery & { readonly name: string })[];
  /** Rules of the platform that were broken, one sentence each. */
  readonly violations: readonly string[];
  /** Notes a call; the caller completes it. */
  call(call: string, by: string): ApiCall;
  /** Notes a line, of now unless `at` (epoch ms) says otherwise. */
  log(source: LogEntry["source"], line: string, at?: number): void;
  delivery(name: string, delivery: Delivery): void;
  violation(text: string): void;
}

/** An empty journal. */
export function createJournal(
  { onLog, onEvent }: Pick<LambdaSettings, "onLog" | "onEvent">,
): Journal {
  const calls: ApiCall[] = [];
  const logs: LogEntry[] = [];
  const deliveries: (Delivery & { readonly name: string })[] = [];
  const violations: string[] = [];
  return {
    calls,
    logs,
    deliveries,
    violations,
    call: (call, by) => {
      const entry: ApiCall = { at: nowMs(), call, by };
      calls.push(entry);
      onEvent({ kind: "call", call: entry });
      return entry;
    },
    log: (source, line, at = nowMs()) => {
      const entry = { at, source, line };
      logs.push(entry);
      onLog(entry);
      onEvent({ kind: "log", entry });
    },
    delivery: (name, delivery) => {
      deliveries.push({ name, ...delivery });
      if (!delivery.result.ok) {
        violations.push(`telemetry to ${name} was not taken: ${delivery.result.error}`);
      }
    },
    violation: (text) => void violations.push(text),
  };
}
