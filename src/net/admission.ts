/**
 * One budget for all request bodies that are in flight, over all listeners: on the wire, inflated and being decoded.
 * What does not fit waits its turn unread, in the kernel and at the client, and is refused when that takes too long. A
 * limit for each body alone bounds nothing: twenty of them come at a time.
 */
import type { Reclaimer } from "../reclaimer.ts";

/** One body's part of the budget. */
export interface BodyShare {
  /** The body comes from our own server: nobody else has its parts, and what was copied of them can go at once. */
  readonly isServed: boolean;
  /**
   * Waits a moment while more comes in than goes out, before the body is read: its client is slowed down, instead of
   * older data dropped. Not for what an invocation waits for.
   */
  turn(): Promise<void>;
  /** Makes room for so many bytes more; `false` when there was none in time, and the body is to be refused. */
  take(bytes: number): Promise<boolean>;
  /** The same ahead of time: what is taken next is taken of it. What is left of an earlier one is no more. */
  reserve(bytes: number): Promise<boolean>;
  /** So many bytes are used no more: they are garbage. */
  give(bytes: number): void;
  /** Nobody has hold of these bytes any more: they go at once where they are ours, else they are garbage. */
  free(bytes: Uint8Array<ArrayBuffer>): void;
  /** So many bytes are not needed after all, and never were used. */
  spare(bytes: number): void;
  /**
   * While the body comes in: `giveUp` ends it if nothing of it has come for a while and others wait. What has come is
   * seen by its being taken. It must not throw.
   */
  receiving(giveUp: () => void): void;
  /** The body is there as a whole: it takes no longer than we do. */
  received(): void;
  /**
   * Nobody has hold of the body's bytes any more, and what was made of them is kept elsewhere: they go at once, instead of
   * as garbage with a collection, which takes some 20 ms of CPU. `usedBytes`, of something else, stay taken. @default 0
   */
  release(body: Uint8Array<ArrayBuffer>, usedBytes?: number): void;
  /** All of it is over: nothing can be taken any more. May be called twice. */
  close(): void;
}

export interface Admission {
  open(isServed?: boolean): BodyShare;
  /** Bytes taken now, and bodies that were refused or given up so far. */
  readonly heldBytes: number;
  readonly refused: number;
}

export interface AdmissionOptions {
  /** Bytes of all bodies together. One body alone may take more: its own limits hold. */
  readonly maxBytes: number;
  /** Told of garbage, and of when there is nothing to do. */
  readonly reclaimer?: Reclaimer;
  /** Whether the store fills although what it holds is being sent, so that waiting helps. @default never */
  readonly isFilling?: () => boolean;
}

/** Bodies that may wait, and how long each in all. In ms. */
const MAX_WAITING = 64;
const MAX_WAIT_MS = 5_000;
/** A body of which nothing has come for so long is given up if others wait. In ms. */
const STALLED_MS = 1_000;
/** Longest that a body waits for the store, and how often it is looked at. In ms. */
const MAX_TURN_MS = 250;
const TURN_LOOK_MS = 5;
/** Garbage is collected when it is so large a part of the budget, or so much in bytes, … */
const GARBAGE_SHARE = 0.5;
const MOST_GARBAGE_BYTES = 4 * 1_048_576;
/** … and before a body that has grown so large, if others have left something. In bytes. */
const LARGE_BODY_BYTES = 1_048_576;
/** A smaller buffer is left to V8: it may be the one of 8 KiB that Node's small buffers share. In bytes. */
const LEAST_RELEASED_BYTES = 16 * 1024;
/** How often it is looked whether one has stalled, while others wait. In ms. */
const RECHECK_MS = 250;

interface Share {
  /** What is reserved included. */
  heldBytes: number;
  reservedBytes: number;
  waitLeftMs: number;
  /** When something of it came last. */
  touchedAt: number;
  giveUp: (() => void) | undefined;
  isClosed: boolean;
}

interface Waiter {
  readonly share: Share;
  readonly bytes: number;
  readonly settle: (isGranted: boolean) => void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { maxBytes, reclaimer, isFilling = () => false } = options;
  const mostGarbageBytes = Math.min(GARBAGE_SHARE * maxBytes, MOST_GARBAGE_BYTES);
  /** In the order in which they first took something. */
  const shares = new Set<Share>();
  const waiting: Waiter[] = [];
  let heldBytes = 0;
  let refused = 0;
  let watch: ReturnType<typeof setInterval> | undefined;

  /** The eldest body always goes on, or two could wait for each other for ever. */
  function fits(share: Share, bytes: number): boolean {
    const [eldest = share] = shares;
    return heldBytes + bytes <= maxBytes || eldest === share;
  }

  function grant(share: Share, bytes: number): void {
    if (shares.size === 0) reclaimer?.work();
    shares.add(share);
    share.touchedAt = performance.now();
    const becomesLarge = share.heldBytes < LARGE_BODY_BYTES && share.heldBytes + bytes >= LARGE_BODY_BYTES;
    share.heldBytes += bytes;
    heldBytes += bytes;
    if (hasMuchGarbage()) reclaimer?.collectSoon();
    else if (becomesLarge) reclaimer?.collectIfGrown();
  }

  function hasMuchGarbage(): boolean {
    return reclaimer !== undefined && reclaimer.garbageBytes > mostGarbageBytes;
  }

  function give(share: Share, bytes: number, isGarbage: boolean): void {
    account(share, bytes, isGarbage);
    serveWaiting();
  }

  function account(share: Share, bytes: number, isGarbage: boolean): void {
    const given = Math.min(bytes, share.heldBytes);
    share.heldBytes -= given;
    heldBytes -= given;
    if (isGarbage) reclaimer?.discard(given);
  }

  function take(share: Share, bytes: number): Promise<boolean> {
    if (share.isClosed) return Promise.resolve(false);
    if (bytes === 0) return Promise.resolve(true);
    if (fits(share, bytes) && waiting.every((waiter) => waiter.share === share || shares.has(share))) {
      grant(share, bytes);
      return Promise.resolve(true);
    }
    if (waiting.length < MAX_WAITING) return wait(share, bytes);
    refused++;
    return Promise.resolve(false);
  }

  async function turn(): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_TURN_MS && isFilling(); waitedMs += TURN_LOOK_MS) {
      await new Promise((resolve) => setTimeout(resolve, TURN_LOOK_MS));
    }
  }

  /** In their order, but for the eldest body, which need not wait for others. */
  function serveWaiting(): void {
    for (let at = 0; at < waiting.length;) {
      const waiter = waiting[at];
      if (waiter === undefined) break;
      if (fits(waiter.share, waiter.bytes) && (at === 0 || shares.values().next().value === waiter.share)) {
        waiter.settle(true);
        at = 0;
      } else at++;
    }
  }

  function wait(share: Share, bytes: number): Promise<boolean> {
    return new Promise((resolve) => {
      const since = performance.now();
      const timer = setTimeout(() => waiter.settle(false), share.waitLeftMs);
      const waiter: Waiter = {
        share,
        bytes,
        settle: (isGranted) => {
          clearTimeout(timer);
          share.waitLeftMs = Math.max(0, share.waitLeftMs - (performance.now() - since));
          waiting.splice(waiting.indexOf(waiter), 1);
          if (waiting.length === 0) stopWatch();
          if (isGranted) grant(share, bytes);
          else refused++;
          resolve(isGranted);
        },
      };
      waiting.push(waiter);
      watch ??= setInterval(giveUpStalled, RECHECK_MS);
    });
  }

  /** The one that has stood still for longest, as others wait for its room. */
  function giveUpStalled(): void {
    const now = performance.now();
    const [stalled] = Array.from(shares)
      .filter(({ giveUp, touchedAt }) => giveUp !== undefined && now - touchedAt >= STALLED_MS)
      // It is we who keep these.
      .filter((share) => waiting.every((waiter) => waiter.share !== share))
      .sort((a, b) => a.touchedAt - b.touchedAt);
    if (stalled === undefined) return;
    refused++;
    stalled.giveUp?.();
    stalled.giveUp = undefined;
  }

  function stopWatch(): void {
    clearInterval(watch);
    watch = undefined;
  }

  /** Lets bytes go that nobody has hold of; `false` where they can only be collected. */
  function goesAtOnce({ buffer }: Uint8Array<ArrayBuffer>): boolean {
    if (buffer.byteLength < LEAST_RELEASED_BYTES) return false;
    buffer.transfer(0);
    return true;
  }

  /** What cannot go at once is garbage. */
  function release(share: Share, body: Uint8Array<ArrayBuffer>, usedBytes: number): void {
    if (!goesAtOnce(body)) account(share, body.length, true);
    account(share, Math.max(0, share.heldBytes - usedBytes), false);
    serveWaiting();
  }

  function close(share: Share): void {
    for (const waiter of waiting.filter((other) => other.share === share)) waiter.settle(false);
    share.giveUp = undefined;
    share.isClosed = true;
    if (!shares.delete(share)) return;
    account(share, share.heldBytes, true);
    // Who answered it still has hold of it: what waits is let in once a collection can find it.
    if (hasMuchGarbage()) setTimeout(serveWaiting, 0);
    else serveWaiting();
    if (shares.size === 0) reclaimer?.rest();
  }

  return {
    open: (isServed = false) => {
      const share: Share = {
        heldBytes: 0,
        reservedBytes: 0,
        waitLeftMs: MAX_WAIT_MS,
        touchedAt: performance.now(),
        giveUp: undefined,
        isClosed: false,
      };
      return {
        isServed,
        turn,
        take: (bytes) => {
          const reservedBytes = Math.min(bytes, share.reservedBytes);
          share.reservedBytes -= reservedBytes;
          return take(share, bytes - reservedBytes);
        },
        reserve: async (bytes) => {
          give(share, share.reservedBytes, false);
          share.reservedBytes = 0;
          if (!await take(share, bytes)) return false;
          share.reservedBytes = bytes;
          return true;
        },
        give: (bytes) => give(share, bytes, true),
        free: (bytes) => give(share, bytes.length, !isServed || !goesAtOnce(bytes)),
        spare: (bytes) => give(share, bytes, false),
        receiving: (giveUp) => void Object.assign(share, { giveUp, touchedAt: performance.now() }),
        received: () => void (share.giveUp = undefined),
        release: (body, usedBytes = 0) => isServed ? release(share, body, usedBytes) : undefined,
        close: () => close(share),
      };
    },
    get heldBytes() {
      return heldBytes;
    },
    get refused() {
      return refused;
    },
  };
}

/** Shares by the request or call whose body they are for. */
const byRequest = new WeakMap<object, BodyShare>();

/**
 * Answers a request or call; `null`: one without a body. What is read of the body counts in one share, for as long as
 * the answer takes.
 */
export async function admit<Answer>(
  admission: Admission,
  request: object | null,
  answer: () => Answer | Promise<Answer>,
): Promise<Answer> {
  if (request === null) return await answer();
  const share = admission.open(true);
  byRequest.set(request, share);
  try {
    return await answer();
  } finally {
    share.close();
  }
}

/** The share of a request or call; without a server of ours in front (tests), one of a budget without bounds. */
export function shareOf(request: object): BodyShare {
  return byRequest.get(request) ?? UNBOUNDED.open();
}

const UNBOUNDED = createAdmission({ maxBytes: Infinity });
