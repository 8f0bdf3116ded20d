import { createDeadline } from "../pipeline/deadline.ts";

/** Room for one read of an answer's body. */
const READ_BYTES = 1024;

/** A signal of a limited life. Disposing it stops its timer and lets go of what it listened to. */
export interface BoundedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that fires with any of `signals`, or after `timeoutMs` with a `TimeoutError`. Like {@link createDeadline}
 * it survives a freeze: an answer that came meanwhile is still read.
 */
export function boundSignal(
  signals: readonly AbortSignal[],
  timeoutMs: number,
  now?: () => number,
): BoundedSignal {
  const controller = new AbortController();
  const deadline = createDeadline(timeoutMs, now);
  const cut = (event: Event): void => {
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  deadline.signal.addEventListener("abort", () => {
    controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  });
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", cut, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      deadline[Symbol.dispose]();
      for (const signal of signals) signal.removeEventListener("abort", cut);
    },
  };
}

/** The part of a stream's reader that is used here. */
interface SmallReader {
  readonly read: () => Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
  readonly cancel: () => Promise<void>;
}

/** Reads into small buffers: the runtime's own has 64 KiB for each read, and answers have a few bytes. */
function createSmallReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): SmallReader {
  try {
    const reader = body.getReader({ mode: "byob" });
    return {
      read: () => reader.read(new Uint8Array(READ_BYTES)),
      cancel: () => reader.cancel(),
    };
  } catch {
    // Not the runtime's own stream.
    return body.getReader();
  }
}

/**
 * Reads at most `maxBytes` of a body, for at most `waitMs` ms, as text, and lets go of the rest. A body that ended
 * frees its connection for the next request. Never rejects: what came so far is the result.
 */
export async function readAtMost(response: Response, maxBytes: number, waitMs: number): Promise<string> {
  const reader = response.body === null ? undefined : createSmallReader(response.body);
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  const cancel = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, waitMs);
  try {
    while (sizeBytes < maxBytes) {
      const { done, value } = await reader.read();
      if (done) return text;
      sizeBytes += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // A body that breaks off takes nothing from its status.
  } finally {
    clearTimeout(timer);
    cancel();
  }
  return text;
}
