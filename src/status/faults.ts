/** What a person who was woken up should be told first. */
import type { Status } from "./status.ts";

const MIB = 1024 * 1024;
/** An upload that is not answered for this long is more than slow. In ms. */
const SLOW_MS = 2_000;

/** A sentence for each thing that is wrong, the gravest first. */
export function findFaults(status: Omit<Status, "ok" | "faults">): readonly string[] {
  return [
    ...datawayFaults(status),
    ...targetFaults(status),
    ...lossFaults(status),
    ...telemetryFaults(status),
    ...listenerFaults(status),
    ...spoolFaults(status),
    ...memoryFaults(status),
    ...status.problems.map(({ message, used }) => `${message}; used instead: ${used}`),
  ];
}

function datawayFaults(
  { dataway, breaker, lastFlush, held, target, underway }: Omit<Status, "ok" | "faults">,
): string[] {
  if (dataway.endpoints.length === 0 && dataway.secret === null) {
    return target === null ? ["Nothing is sent as ENV_DATAWAY names no usable Dataway"] : [];
  }
  const faults: string[] = [];
  if (lastFlush?.error !== undefined) {
    const what = lastFlush.result === "dropped" ? "refused" : "did not take";
    faults.push(`Dataway ${what} the latest data: ${lastFlush.error}`);
  }
  if (underway.longestMs >= SLOW_MS) {
    const seconds = Math.round(underway.longestMs / 1000);
    faults.push(`Dataway has not answered an upload for ${seconds} s: ${held.points} points wait`);
  }
  if (breaker.state !== "closed") {
    const wait = describeWait(breaker);
    faults.push(`Uploads pause as Dataway did not answer: ${held.points} points wait, ${wait}`);
  }
  return faults;
}

function describeWait({ state, nextTryInMs }: Status["breaker"]): string {
  return state === "open"
    ? `the next try is due in ${Math.ceil(nextTryInMs / 1000)} s`
    : "the next try is due now";
}

function targetFaults({ target }: Omit<Status, "ok" | "faults">): string[] {
  if (target === null) return [];
  const { breaker, error, held, dropped } = target;
  const faults = error === null ? [] : [`The OTLP target did not take the latest data: ${error}`];
  if (breaker.state !== "closed") {
    faults.push(
      `Uploads to the OTLP target pause: ${held} spans, records and data points wait, ${
        describeWait(breaker)
      }`,
    );
  }
  const lost = Object.entries(dropped).map(([reason, count]) => {
    return `${count} spans, records and data points for the OTLP target were dropped: ${reason}`;
  });
  return [...faults, ...lost];
}

function lossFaults({ ledger }: Omit<Status, "ok" | "faults">): string[] {
  const byReason = new Map<string, number>();
  for (const { dropped } of ledger) {
    for (const [reason, count] of Object.entries(dropped)) {
      byReason.set(reason, (byReason.get(reason) ?? 0) + count);
    }
  }
  // Said above.
  byReason.delete("export_off");
  return Array.from(byReason, ([reason, count]) => `${count} points were dropped: ${reason}`);
}

function telemetryFaults({ telemetry }: Omit<Status, "ok" | "faults">): string[] {
  if (telemetry.subscription === "subscribed") return [];
  return [`Lambda's metrics and logs do not come: ${telemetry.error ?? "there is no subscription to them"}`];
}

/** A missing ::1 is how half the sandboxes are. */
function listenerFaults({ listeners }: Omit<Status, "ok" | "faults">): string[] {
  return listeners.filter(({ state, asked }) => state === "off" && !asked.startsWith("[::1]"))
    .map(({ name, transport, asked, error }) =>
      `The listener ${asked} (${name}, ${transport}) is off: ${error}`
    );
}

function spoolFaults({ spool }: Omit<Status, "ok" | "faults">): string[] {
  if (spool?.off === undefined) return [];
  return [`The spool in ${spool.directory} is off, and data waits in memory: ${spool.off}`];
}

function memoryFaults({ memory: { usedBytes, limitBytes } }: Omit<Status, "ok" | "faults">): string[] {
  if (usedBytes <= limitBytes) return [];
  const [used, limit] = [usedBytes, limitBytes].map((bytes) => Math.round(bytes / MIB));
  return [
    `The extension uses ${used} MiB, more than its limit of ${limit} MiB: the oldest data is dropped first`,
  ];
}
