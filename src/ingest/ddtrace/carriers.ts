/** Objects of an event that hold trace headers. */
import type { JsonObject } from "../../json/exact_json.ts";
import { type Carrier, extractContext, type TraceContext } from "./trace_context.ts";

/** The context of the first carrier that has one. */
export function firstContext(carriers: Iterable<JsonObject | undefined>): TraceContext | undefined {
  for (const carrier of carriers) {
    const found = carrier === undefined ? undefined : extractContext(carrierOf(carrier));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Headers by name, in any case; of several values the first counts. */
function carrierOf(headers: JsonObject): Carrier {
  const byName = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string") byName.set(name.toLowerCase(), first);
    else if (typeof first === "number" && Number.isSafeInteger(first)) {
      byName.set(name.toLowerCase(), String(first));
    }
  }
  return (name) => byName.get(name);
}
