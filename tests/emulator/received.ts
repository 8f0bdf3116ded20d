/** What tests of the emulator ask of the telemetry that an extension was sent. */
import type { ReceivedEvent } from "./fake_extension.ts";

/** The events' types, in order. */
export function types(events: readonly ReceivedEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

/** The records of one type, in order. */
export function recordsOf(events: readonly ReceivedEvent[], type: string): readonly unknown[] {
  return events.filter((event) => event.type === type).map(({ record }) => record);
}

/** A member of a record, however deep; `undefined` where there is none. */
export function read(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

/** The body of an extension that does nothing until it is killed. */
export function waitForKill({ killed }: { readonly killed: AbortSignal }): Promise<number> {
  return new Promise((resolve) => killed.addEventListener("abort", () => resolve(137)));
}
