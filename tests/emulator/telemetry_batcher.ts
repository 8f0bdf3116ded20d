/**
 * Collects one subscriber's events into batches and delivers them one at a time.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html and `internal/subscriber.go` of https://github.com/aws/aws-lambda-runtime-interface-emulator
 */
import { type TelemetryChaos, toPostings } from "./telemetry_chaos.ts";
import { before, nowMs, sleep } from "./waiters.ts";

/** `retry`: as documented, with back-off. `mi`: AWS's open implementation, which drops at once. */
export type DeliveryModel = "retry" | "mi";

/** What became of one POST: nothing when it was taken, else why not. */
export type DeliveryResult = { readonly ok: true } | { readonly ok: false; readonly error: string };

export interface BatcherOptions {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly model: DeliveryModel;
  /** @default none: each batch comes once, whole and in order */
  readonly chaos?: TelemetryChaos;
  /** Sends one body. Must not reject. `signal` fires when the batcher closes. */
  readonly deliver: (
    body: Uint8Array<ArrayBuffer>,
    sequenceId: string,
    signal: AbortSignal,
  ) => Promise<DeliveryResult>;
  /** Events that will never be delivered. */
  readonly onDropped: (records: number, bytes: number, reason: string) => void;
}

/** One subscriber's queue. */
export interface TelemetryBatcher {
  /** Adds one event, already written as JSON. */
  add(json: string): void;
  /** Makes what is there due now. Resolves when nothing is under way or `timeoutMs` passed. */
  flush(timeoutMs: number): Promise<void>;
  /** Nothing leaves until {@link release}: the sandbox is frozen. What is in flight stays so. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

const SLOWER_THAN_PRODUCTION =
  "Some logs were dropped because the downstream consumer is slower than the logs production rate";
/** AWS gives no numbers; these are ours. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;
/** Batches kept behind the one in flight in model `retry`, in bytes. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
/** Between thaw and the POST of what waited, in ms. */
const AFTER_THAW_MS = 3;

interface Batch {
  readonly items: string[];
  bytes: number;
}

/** A batcher; its timers end with `close`. */
export function createTelemetryBatcher(options: BatcherOptions): TelemetryBatcher {
  const { chaos = {} } = options;
  const closing = new AbortController();
  const due: Batch[] = [];
  let current: Batch = { items: [], bytes: 0 };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let held = false;
  let inFlight: Promise<void> | undefined;
  let batches = 0;

  function add(json: string): void {
    if (closing.signal.aborted) return;
    current.items.push(json);
    current.bytes += byteLength(json);
    if (current.items.length >= options.maxItems || current.bytes >= options.maxBytes) makeDue();
    else arm(options.timeoutMs);
  }

  function arm(delayMs: number): void {
    if (held || timer !== undefined || current.items.length === 0) return;
    timer = setTimeout(makeDue, delayMs);
  }

  function makeDue(): void {
    clearTimeout(timer);
    timer = undefined;
    if (current.items.length === 0) return;
    const batch = current;
    current = { items: [], bytes: 0 };
    const queuedBytes = due.reduce((sum, queued) => sum + queued.bytes, 0);
    const full = options.model === "mi"
      ? due.length > 0 || inFlight !== undefined
      : queuedBytes > MAX_QUEUED_BYTES;
    if (full) drop(batch, SLOWER_THAN_PRODUCTION);
    else due.push(batch);
    pump();
  }

  function pump(): void {
    if (held || inFlight !== undefined || closing.signal.aborted) return;
    const batch = due.shift();
    if (batch === undefined) return;
    inFlight = send(batch).finally(() => {
      inFlight = undefined;
      pump();
    });
  }

  async function send(batch: Batch): Promise<void> {
    if (chaos.delayMs !== undefined) await sleep(chaos.delayMs, closing.signal);
    let kept = batch;
    if (chaos.dropEach !== undefined && ++batches % chaos.dropEach === 0) {
      kept = toBatch(batch.items.filter(isPlatform));
      const logs = toBatch(batch.items.filter((item) => !isPlatform(item)));
      if (logs.items.length > 0) drop(logs, SLOWER_THAN_PRODUCTION);
    }
    if (chaos.lose === "everything") return;
    if (chaos.lose === "ends" || chaos.lose === "ends-untold") {
      const ends = kept.items.filter(isRuntimeDone);
      kept = toBatch(kept.items.filter((item) => !isRuntimeDone(item)));
      if (ends.length > 0 && chaos.lose === "ends") drop(toBatch(ends), SLOWER_THAN_PRODUCTION);
      if (kept.items.length === 0) return;
    }
    for (const { items, withId } of toPostings(kept.items, chaos)) await post(kept, items, withId);
  }

  async function post(batch: Batch, items: readonly string[], withId: boolean): Promise<void> {
    const body = new TextEncoder().encode(`[${items.join(",")}]`);
    const sequenceId = withId ? new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toBase64() : "";
    let backoffMs = FIRST_BACKOFF_MS;
    while (!closing.signal.aborted) {
      const result = await options.deliver(body, sequenceId, closing.signal);
      if (result.ok) return;
      if (options.model === "mi") return drop(batch, `could not send events: ${result.error}`);
      await sleep(backoffMs, closing.signal);
      backoffMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2);
    }
  }

  function drop(batch: Batch, reason: string): void {
    if (!closing.signal.aborted) options.onDropped(batch.items.length, batch.bytes, reason);
  }

  return {
    add,
    flush: async (timeoutMs) => {
      makeDue();
      const endAt = nowMs() + timeoutMs;
      while (inFlight !== undefined && nowMs() < endAt) await before(inFlight, endAt);
    },
    hold: () => {
      held = true;
      clearTimeout(timer);
      timer = undefined;
    },
    release: () => {
      if (!held) return;
      held = false;
      pump();
      arm(AFTER_THAW_MS);
    },
    close: async () => {
      closing.abort();
      clearTimeout(timer);
      timer = undefined;
      await inFlight;
    },
  };
}

function toBatch(items: string[]): Batch {
  return { items, bytes: items.reduce((sum, item) => sum + byteLength(item), 0) };
}

function isRuntimeDone(item: string): boolean {
  return item.includes('"type":"platform.runtimeDone"');
}

function isPlatform(json: string): boolean {
  return json.includes('"type":"platform.');
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
