/**
 * Whether a handler threw, where the platform's status says success: a runtime that posts an error has done its duty.
 * The platform's facts come first. Of an invocation that was answered `platform.runtimeDone` has the span
 * `responseLatency`; of one that went to `/error` it has none, and no bytes. Lines of the log are second: a function may
 * write what it likes, and some runtimes write nothing.
 * @see https://github.com/aws/aws-lambda-runtime-interface-emulator (telemetry of the response)
 * @see https://github.com/aws-samples/aws-lambda-extensions/issues/85
 */
import type { HandledErrorSource } from "../config/awslambda.ts";
import type { InvocationState } from "./invocation_state.ts";
import { isOutOfMemory } from "./lines/evidence.ts";
import type { HandlerError } from "./lines/handler_error.ts";
import type { Line } from "./lines/line.ts";
import type { RuntimeDoneEvent } from "./telemetry_event.ts";

/** How often the platform's facts and the lines disagreed, and which decided. */
export interface Disagreements {
  readonly bySpan: number;
  readonly byLine: number;
}

/** Decides for one process, which learns whether its platform tells spans at all. */
export interface HandledErrors {
  /** Whether the handler threw, as far as is known. It is never taken back but by the span that shows an answer. */
  threw(invocation: InvocationState): boolean;
  /** Whether that is an error, by the user's settings. */
  readonly counts: boolean;
  /**
   * The runtime is done with an invocation. Returns those that are known only now to have had no response: until a span
   * is seen, none may be told at all.
   */
  done(invocation: InvocationState, event: RuntimeDoneEvent): readonly InvocationState[];
  /** Lines told of an exception. `outOfMemory`: of one of memory that ran out. */
  told(invocation: InvocationState, failure: HandlerError, outOfMemory?: boolean): void;
  /** A line came that tells of no error. */
  wentOn(invocation: InvocationState, line: Line): void;
  /** Whether a line that tells of nothing may matter. */
  readonly awaitsLines: boolean;
  /** All there is to know of an invocation is known. */
  reported(invocation: InvocationState): void;
  /** An invocation is forgotten. */
  forget(invocation: InvocationState): void;
  readonly disagreements: Disagreements;
}

const NONE: readonly InvocationState[] = [];

/** Nothing is known of the platform yet. */
export function createHandledErrors(source: HandledErrorSource): HandledErrors {
  let spansAreTold = false;
  let bySpan = 0;
  let byLine = 0;
  /** Without a response, told before it was known that the platform tells of responses. */
  const unsure = new Set<InvocationState>();
  /** Their last line is likely to tell of an exception. */
  const likely = new Set<InvocationState>();

  /** `undefined`: the platform does not tell. */
  function bySpans(invocation: InvocationState): boolean | undefined {
    if (invocation.answered) return false;
    return spansAreTold && invocation.unanswered ? true : undefined;
  }

  function decide(
    invocation: InvocationState,
  ): { readonly threw: boolean; readonly span: boolean | undefined } {
    const line = byLines(invocation);
    const span = bySpans(invocation);
    if (source === "lines" || span === undefined) return { threw: line, span };
    // A stream that breaks midway was answered, and its runtime says that it failed.
    const brokeOff = !span && line && invocation.handledError?.afterAnswer === true;
    return { threw: span || brokeOff, span };
  }

  function countDisagreement(invocation: InvocationState): void {
    if (source === "nowhere" || (invocation.status ?? "success") !== "success") return;
    const { threw, span } = decide(invocation);
    if (span === undefined || span === byLines(invocation)) return;
    if (threw === span) bySpan++;
    else byLine++;
  }

  return {
    threw: (invocation) => decide(invocation).threw,
    counts: source !== "nowhere",
    done: (invocation, { spans, durationMs, producedBytes, status }) => {
      if (spans.responseLatencyMs === undefined) {
        invocation.unanswered = durationMs !== undefined && producedBytes === 0 && status === "success";
        if (invocation.unanswered && !spansAreTold) unsure.add(invocation);
        return NONE;
      }
      invocation.answered = true;
      if (spansAreTold) return NONE;
      spansAreTold = true;
      const known = [...unsure].filter((earlier) => earlier.reported !== undefined);
      unsure.clear();
      return known;
    },
    told: (invocation, failure, outOfMemory = false) => {
      if (invocation.handledError?.certainty !== "certain" || failure.certainty === "certain") {
        invocation.handledError = failure;
      }
      invocation.isErrorLast = true;
      likely.add(invocation);
      invocation.handledOutOfMemory ||= outOfMemory || isOutOfMemory(`${failure.type}: ${failure.message}`);
    },
    wentOn: (invocation, { status }) => {
      if (invocation.handledError?.goesOn === true && status === undefined) return;
      invocation.isErrorLast = false;
      likely.delete(invocation);
    },
    get awaitsLines() {
      return likely.size > 0;
    },
    reported: (invocation) => {
      // Whatever was logged late is there by now.
      countDisagreement(invocation);
      likely.delete(invocation);
    },
    forget: (invocation) => {
      unsure.delete(invocation);
      likely.delete(invocation);
    },
    get disagreements() {
      return { bySpan, byLine };
    },
  };
}

/** A line that others write as well counts as the last one of an invocation that answered nothing. */
function byLines({ handledError, isErrorLast, producedBytes }: InvocationState): boolean {
  if (handledError === undefined) return false;
  return handledError.certainty === "certain" || (isErrorLast && (producedBytes ?? 0) === 0);
}
