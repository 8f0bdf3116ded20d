/** Takes telemetry batches: small ones in one go, large ones in slices, between which the rest of the program runs. */
import { finish, type Steps } from "../bounded_pattern.ts";
import { isJsonObject } from "../json/exact_json.ts";
import { isLarge } from "../json/large_values.ts";
import { takeOut } from "../pipeline/few.ts";
import type { ReceiverContext } from "../pipeline/receiver.ts";
import { createBatchMemory } from "./batch_memory.ts";
import { type BatchSlice, createBatchSlice } from "./batch_slice.ts";
import type { LogWriting } from "./log_writing.ts";
import { readTelemetryBody } from "./telemetry_body.ts";
import { PLATFORM_BYTES } from "./telemetry_text.ts";

export interface BatchOptions extends Pick<ReceiverContext, "now" | "refuse"> {
  readonly writing: LogWriting;
  /** Whether rules look into the logs. */
  readonly isRuled: boolean;
  /** Takes one element; how many data were lost with it. */
  readonly takeElement: (element: unknown) => number;
  /** The same in steps. */
  readonly takeLarge: (element: unknown) => Steps<number>;
  /** Ends waiting for an end that may have been lost. */
  readonly releaseWaits: () => void;
}

/** How long a batch that is not the platform's keeps the event loop at a time, and a large one that is. In ms. */
const SLICE_MS = 5;
const PLATFORM_SLICE_MS = 7;
/** The same for a part of one that is large itself: a step of it may take as long again, as what it makes grows. In ms. */
const LARGE_SLICE_MS = 3;
/** A smaller one is taken in one go: an invocation's end is in it. In UTF-16 units. */
const LARGE_BATCH = 64 * 1024;
/** The same where rules look into it, which may take some microseconds for each unit. */
const LARGE_RULED_BATCH = 8 * 1024;

export interface BatchTaker {
  /** Takes a batch, once. */
  take(text: string, sequenceId: string | undefined): Promise<void>;
  /** From now on there is no time for slices. Resolves when what is being taken is taken. */
  hurry(): Promise<void>;
}

/** Takes one batch after the other. */
export function createBatchTaker(options: BatchOptions): BatchTaker {
  const { refuse, writing, takeElement, takeLarge } = options;
  const memory = createBatchMemory(options.now);
  const largeBatch = options.isRuled ? LARGE_RULED_BATCH : LARGE_BATCH;
  const taking: Promise<void>[] = [];
  let isHurried = false;

  function beginSlice(ms: number): BatchSlice {
    const { isOver, pause } = createBatchSlice(ms);
    return { isOver: () => !isHurried && isOver(), pause };
  }

  async function takeElements(
    elements: readonly unknown[],
    slice: BatchSlice | undefined,
    isPlatforms: boolean,
  ): Promise<number> {
    let lost = 0;
    for (const element of elements) {
      // An end has all logs before it written.
      const before = isEnd(element) ? writing.write(true, slice) : undefined;
      if (before !== undefined) await before;
      const isInSteps = slice !== undefined && isLarge(element);
      lost += isInSteps
        ? await inSlices(takeLarge(element), beginSlice(LARGE_SLICE_MS))
        : takeElement(element);
      if (slice === undefined || !slice.isOver()) continue;
      // The lines of one log stay together; of who is no platform, only as many as a slice has.
      const rest = isPlatforms ? undefined : writing.write(false, slice);
      await (rest ?? slice.pause());
    }
    return lost;
  }

  async function takeBatch(text: string, sequenceId: string | undefined): Promise<void> {
    const isPlatforms = text.length <= PLATFORM_BYTES;
    const slice = text.length <= largeBatch
      ? undefined
      : beginSlice(isPlatforms ? PLATFORM_SLICE_MS : SLICE_MS);
    const { elements, bad } = slice === undefined
      ? finish(readTelemetryBody(text))
      : await inSlices(readTelemetryBody(text), beginSlice(SLICE_MS));
    if (memory.isRepeated(text, sequenceId)) {
      refuse("duplicate", elements.length);
      return;
    }
    if (slice?.isOver()) await slice.pause();
    const lost = bad + await takeElements(elements, slice, isPlatforms);
    await writing.write(false, slice);
    if (lost > 0) refuse("malformed", lost);
    // Whatever was lost may have been the end that somebody waits for.
    if (bad > 0) options.releaseWaits();
  }

  return {
    take: async (text, sequenceId) => {
      const batch = takeBatch(text, sequenceId);
      taking.push(batch);
      try {
        await batch;
      } finally {
        takeOut(taking, batch);
      }
    },
    hurry: async () => {
      isHurried = true;
      await Promise.allSettled(taking);
    },
  };
}

async function inSlices<T>(steps: Steps<T>, slice: BatchSlice): Promise<T> {
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) if (slice.isOver()) await slice.pause();
  if (slice.isOver()) await slice.pause();
  return step.value;
}

/** Whether an element is, or was meant to be, an invocation's end. */
function isEnd(element: unknown): boolean {
  if (!isJsonObject(element)) return false;
  return element["type"] === "platform.runtimeDone" || element["type"] === "platform.report";
}
