import { describeError, type Logger } from "@std/log";
import { createLogRules } from "./rules.ts";
import type { SpanMasker } from "./span_masks.ts";

/** Loads what masks spans; `undefined` when no rule does. Never rejects: what cannot be loaded is off, and said so. */
export async function loadSpanMasker(
  rules: readonly unknown[],
  log: Logger,
): Promise<SpanMasker | undefined> {
  const { spanMask } = createLogRules(rules).rules;
  if (spanMask === undefined) return undefined;
  try {
    const { createSpanMasker } = await import("./span_masks.ts");
    return createSpanMasker(spanMask);
  } catch (error) {
    log.error("Spans are not masked as that could not be loaded", { error: describeError(error) });
    return undefined;
  }
}
