/** The body of an extension's registration. @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html */

export type ExtensionEventName = "INVOKE" | "SHUTDOWN";

const EVENTS: readonly string[] = ["INVOKE", "SHUTDOWN"];

/** The events asked for, or what is wrong with the body. */
export function parseRegister(body: string): readonly string[] | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (typeof parsed !== "object" || parsed === null) return "Body must be a JSON object";
  if ("configurationKeys" in parsed && Array.isArray(parsed.configurationKeys)) {
    if (parsed.configurationKeys.length > 0) {
      return "configurationKeys are deprecated; use environment variables instead";
    }
  }
  const events: unknown = "events" in parsed ? parsed.events ?? [] : [];
  if (!Array.isArray(events) || !events.every((event) => typeof event === "string")) {
    return "events must be a list of strings";
  }
  return events;
}

/** Why an extension of this kind may not have one of these events, in AWS's words; `undefined` when it may. */
export function refuseEvent(
  events: readonly string[],
  external: boolean,
  managed: boolean,
): string | undefined {
  for (const event of events) {
    if (!EVENTS.includes(event)) return `${event}: ErrorInvalidEventType`;
    if (managed && event === "INVOKE") return `${event}: ErrorInvalidEventType`;
    if (!external && event === "SHUTDOWN") return `${event}: ShutdownEventNotSupportedForInternalExtension`;
  }
  return undefined;
}

/** Whether the word names an event. */
export function isEventName(event: string): event is ExtensionEventName {
  return EVENTS.includes(event);
}
