/** What is read when a library tells of an invocation's start; loaded with the first that does. */
import { createTimeSlice } from "../../time_slice.ts";
import { contextOfCall, contextOfEvent } from "./event_context.ts";
import { readEvent } from "./event_reader.ts";
import type { TraceContext } from "./trace_context.ts";
import type { Inference, InferenceOptions } from "./triggers/inferred_spans.ts";

/** What a start tells. */
export interface Start {
  readonly context: TraceContext | undefined;
  readonly inference: Inference | undefined;
}

/** Reads the call's event and headers. Never fails: what cannot be read tells nothing. */
export async function readStart(
  headers: Headers,
  body: Uint8Array,
  options: InferenceOptions,
): Promise<Start> {
  const slice = createTimeSlice();
  const event = await readEvent(body, slice);
  if (slice.isOver()) await slice.pause();
  const context = (event === undefined ? undefined : await contextOfEvent(event)) ?? contextOfCall(headers);
  if (event === undefined || !options.settings.enabled) return { context, inference: undefined };
  if (slice.isOver()) await slice.pause();
  const { infer } = await import("./triggers/inferred_spans.ts");
  return { context, inference: infer(event, options) };
}
