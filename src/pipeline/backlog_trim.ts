import type { Heap } from "../heap.ts";
import type { PointStore } from "./store.ts";

/** Gives memory back that data took which had to wait. */
export interface BacklogTrim {
  /** Looks at what is held, which costs nothing; whether much of it has left is seen by itself. */
  look(): void;
}

/** So much less held than once was a backlog that is gone, if it is half of that too. In bytes. */
const BACKLOG_BYTES = 2 * 1024 * 1024;
/**
 * The last uploads are garbage only some time after they were answered, and `next` is on its way by then. Twice, as a
 * collection in between finds more. In ms.
 */
const TRIM_AFTER_MS: readonly number[] = [500, 5_000];

/**
 * The C library keeps what it had to give: a store that was full once in an outage would have its memory for as long as
 * the process lives. Handing it to the kernel takes about 0.3 ms of CPU, and some more when it is needed again.
 */
export function createBacklogTrim(
  store: Pick<PointStore, "heldBytes">,
  heap: Pick<Heap, "trim">,
): BacklogTrim {
  let mostBytes = 0;
  let isDue = false;

  async function trimSoon(): Promise<void> {
    isDue = true;
    for (const ms of TRIM_AFTER_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      heap.trim();
    }
    isDue = false;
  }

  return {
    look: () => {
      const { heldBytes } = store;
      mostBytes = Math.max(mostBytes, heldBytes);
      if (mostBytes - heldBytes < BACKLOG_BYTES || heldBytes > mostBytes / 2 || isDue) return;
      mostBytes = heldBytes;
      void trimSoon();
    },
  };
}
