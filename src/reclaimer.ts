/**
 * When memory is given back: all of it is decided here. V8 by itself lets some 32 MB of old buffers come together, and
 * the C library keeps what was freed; neither gives anything back while nothing happens. What a burst, an outage or many
 * invocations have left would stay the function's loss for as long as the sandbox lives.
 *
 * A collection takes 10 to 20 ms of CPU, and twice that if it compacts, so nothing is done beside it: what follows has
 * turns of the event loop of its own.
 * Every timer may fire late, after a freeze of the sandbox: then it does what it would have done before.
 */
import type { Heap } from "./heap.ts";
import { nextTurn } from "./loop_turn.ts";

export interface Reclaimer extends Disposable {
  /** Garbage since the last collection, in bytes, as far as it was told. */
  readonly garbageBytes: number;
  /** So many bytes are used no more. */
  discard(bytes: number): void;
  /** Collects and gives back at once, for who has to know what is left. Takes some 25 ms of CPU. */
  collect(): void;
  /**
   * Collects in a turn of the event loop of its own. The pages of the executable stay: where there is garbage there is
   * work, which would need them again.
   */
  collectSoon(): void;
  /** The same, if the process has grown and the last collection is a while ago. */
  collectIfGrown(): void;
  /** A body of a local client is under way from now on. */
  work(): void;
  /** Nothing is under way any more: if that stays so for a second, memory is given back. */
  rest(): void;
  /** An invocation begins. A function that never rests has its memory given back beside it, if it is worth it. */
  invoked(): void;
  /** A flush is over. If a backlog has left with it, what that took is given back soon. */
  flushed(): void;
}

export interface ReclaimerOptions {
  readonly heap: Heap;
  /** What is held to be sent, in bytes: this does not come back before. @default 0 */
  readonly storedBytes?: () => number;
}

/** What the start alone needed is given back so long after it, in ms: by then the function runs, as a rule. */
const AFTER_START_MS = 1_000;
/** Least time between a collection and one before a large body, in ms. */
const COLLECT_AGAIN_MS = 1_000;
/** At rest. Points that were held may have left only by the next try, or the one after it. In ms. */
const REST_MS = 1_000;
const REST_AGAIN_MS = 3_000;
const REST_TRIES = 3;
/** At rest it is worth it after so much garbage, or where the process has so much more than it needs. In bytes. */
const LEAST_GARBAGE_BYTES = 4 * 1_048_576;
const LEAST_GROWTH_BYTES = 8 * 1_048_576;
/**
 * At rest the executable's pages go where there is so much more than when they last did, in bytes: work on one body needs
 * half of that.
 */
const LEAST_PAGES_BYTES = 26 * 1_048_576;
/** How often invocations have the memory looked at (20 µs), and what makes it worth it. In ms and bytes. */
const LOOK_MS = 1_000;
const LEAST_SLOW_GROWTH_BYTES = 4 * 1_048_576;
/** The first look finds so much that the start has left, and that is needed no more. In bytes. */
const LEFT_BY_START_BYTES = 2 * 1_048_576;
/** By then `next` is on its way, and the function runs. In ms. */
const AFTER_NEXT_MS = 5;
/** So much less stored than once was a backlog that has left, if it is half of that too. In bytes. */
const BACKLOG_BYTES = 2 * 1_048_576;
/**
 * The last uploads are garbage only some time after they were answered. Twice, as a collection in between finds more.
 * In ms, each after the one before.
 */
const TRIM_AFTER_MS: readonly number[] = [500, 5_000];

/** A reclaimer for this process as it is now. */
export function createReclaimer({ heap, storedBytes = () => 0 }: ReclaimerOptions): Reclaimer {
  let garbageBytes = 0;
  /** Garbage since memory was given back, collected or not. */
  let usedBytes = 0;
  /** Memory that the process has when all is given back that can be. */
  let floorBytes = heap.usedBytes();
  /** The same for invocations, which need more than a process that has just begun. */
  let warmBytes: number | undefined;
  let collectedAt = -Infinity;
  let lookedAt = performance.now();
  /** Since a backlog left, or ever. */
  let mostStoredBytes = 0;
  /** Memory that the process had, with the executable's pages, when those were let go. */
  let leastBytes = heap.residentBytes();
  const starting = setTimeout(() => void inTurns(heap.trim, dropPages), AFTER_START_MS);
  let resting: ReturnType<typeof setTimeout> | undefined;
  let beside: ReturnType<typeof setTimeout> | undefined;
  let trimming: ReturnType<typeof setTimeout> | undefined;
  let isCollectionDue = false;
  let isWorking = false;
  let isResting = false;
  let isDisposed = false;

  function collect(how = heap.collect): void {
    garbageBytes = 0;
    collectedAt = performance.now();
    how();
  }

  function dropPages(): void {
    heap.dropPages();
    leastBytes = heap.residentBytes();
  }

  /** Each step in a turn of the event loop of its own. */
  async function inTurns(...steps: readonly (() => void)[]): Promise<void> {
    for (const step of steps) {
      await nextTurn();
      if (isDisposed) return;
      step();
    }
  }

  function collectSoon(): void {
    if (isCollectionDue) return;
    isCollectionDue = true;
    void inTurns(() => {
      isCollectionDue = false;
      collect();
    }, heap.trim);
  }

  function withoutStored(): number {
    return heap.usedBytes() - storedBytes();
  }

  function hasGrown(): boolean {
    return withoutStored() > floorBytes + LEAST_GROWTH_BYTES;
  }

  function restFor(ms: number, tries: number): void {
    if (isDisposed) return;
    clearTimeout(resting);
    isResting = true;
    resting = setTimeout(() => {
      isResting = false;
      giveBack(tries);
    }, ms);
  }

  function giveBack(triesLeft: number): void {
    if (usedBytes < LEAST_GARBAGE_BYTES && !hasGrown()) {
      if (heap.residentBytes() > leastBytes + LEAST_PAGES_BYTES) void inTurns(dropPages);
      return;
    }
    usedBytes = 0;
    void inTurns(collect, heap.trim, dropPages, () => {
      // Not what it was before, or a process that once was small would be collected for ever.
      floorBytes = triesLeft === 1 ? withoutStored() : Math.min(floorBytes, withoutStored());
      // A body that has come meanwhile has its own rest.
      if (triesLeft > 1 && hasGrown() && !isResting) restFor(REST_AGAIN_MS, triesLeft - 1);
    });
  }

  /**
   * Growth does not tell of a backlog: a collection while it was leaving took what still had to leave for what the
   * process needs. Without a collection it takes some 0.3 ms of CPU, and what others do with memory costs it nothing.
   */
  function trimIn([ms, ...later]: readonly number[]): void {
    clearTimeout(trimming);
    if (ms === undefined) return;
    trimming = setTimeout(() => {
      void inTurns(heap.trim, dropPages, () => {
        floorBytes = Math.min(floorBytes, withoutStored());
      });
      trimIn(later);
    }, ms);
  }

  function backlogHasLeft(): boolean {
    const stored = storedBytes();
    mostStoredBytes = Math.max(mostStoredBytes, stored);
    if (mostStoredBytes - stored < BACKLOG_BYTES || stored > mostStoredBytes / 2) return false;
    mostStoredBytes = stored;
    return true;
  }

  /** What little each of many invocations leaves lies all over the heap. */
  function giveBackBeside(): void {
    usedBytes = 0;
    // While bodies come it is a collection like all others: compacting has the loop for twice as long and more.
    const how = (): void => collect(isWorking || isResting ? heap.collect : heap.compact);
    void inTurns(how, heap.trim, dropPages, () => {
      floorBytes = withoutStored();
      warmBytes = floorBytes;
    });
  }

  return {
    get garbageBytes() {
      return garbageBytes;
    },
    discard: (bytes) => {
      garbageBytes += bytes;
      usedBytes += bytes;
    },
    collect: () => {
      collect();
      heap.trim();
      dropPages();
    },
    collectSoon,
    collectIfGrown: () => {
      if (performance.now() - collectedAt >= COLLECT_AGAIN_MS && hasGrown()) collectSoon();
    },
    work: () => {
      isWorking = true;
    },
    rest: () => {
      isWorking = false;
      // Looked at after little garbage too: what the runtime itself took for a body (a decompressor) is not in it.
      restFor(REST_MS, REST_TRIES);
    },
    flushed: () => {
      if (!isDisposed && backlogHasLeft()) trimIn(TRIM_AFTER_MS);
    },
    invoked: () => {
      const now = performance.now();
      if (now - lookedAt < LOOK_MS) return;
      lookedAt = now;
      const used = withoutStored();
      warmBytes = Math.min(warmBytes ?? Math.max(used - LEFT_BY_START_BYTES, floorBytes), used);
      if (isDisposed || used <= warmBytes + LEAST_SLOW_GROWTH_BYTES) return;
      clearTimeout(beside);
      beside = setTimeout(giveBackBeside, AFTER_NEXT_MS);
    },
    [Symbol.dispose]: () => {
      isDisposed = true;
      for (const timer of [starting, resting, beside, trimming]) clearTimeout(timer);
    },
  };
}
