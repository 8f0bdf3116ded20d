/**
 * Turns of the event loop for long work, one for each who asks: everybody else's work that is due runs before it, and no
 * two of those who asked run in the same turn.
 *
 * The runtime looks at its sockets only where it has nothing else to do, so `setImmediate` or a message to oneself keeps
 * it from that (a client waits for 50 slices of 5 ms), and a timer, which is never below 1 ms, leaves it idle for most of
 * 2 ms. What comes through a socket is a sure sign, within 0.05 ms.
 */

/** Others have the loop so often, or for so long, until none of them had anything to do: an invocation takes five. In ms. */
const MOST_ROUNDS = 8;
const MOST_MS = 5;
/**
 * A round takes 0.013 ms where nothing else is done. Some steps of a request take no longer, so it is two rounds that
 * tell. In ms.
 */
const QUIET_MS = 0.05;
const QUIET_ROUNDS = 2;

/** Sends a byte to ourselves. Resolves once it has come. */
type Bell = () => Promise<unknown>;

let bell: Bell | undefined;
/** Where the bell is to be made, until somebody needs it. */
let folder: string | undefined;

/** Who waits for a turn, and who waits for one in a queue that may be long. They take turns. */
const waiting: (() => void)[] = [];
const queued: (() => void)[] = [];
let isTurning = false;
/** Whose turn was the last one. */
let wasQueued = true;

/**
 * Tells turns by a pair of sockets from now on, which is made in `path` when it is needed first. Nothing is left in that
 * folder. Before, or where there can be none, turns are told by timers.
 */
export function tellTurnsBySocket(path: string): void {
  folder = path;
}

/** Resolves in a turn of its own. For what nobody may hold up. */
export function nextTurn(): Promise<void> {
  return turnIn(waiting);
}

/** Resolves in a turn of its own, behind all others that wait for such a one. */
export function queuedTurn(): Promise<void> {
  return turnIn(queued);
}

/** Whether a {@link queuedTurn} is being waited for. */
export function hasQueue(): boolean {
  return queued.length > 0;
}

function turnIn(queue: (() => void)[]): Promise<void> {
  return new Promise((resolve) => {
    queue.push(resolve);
    if (!isTurning) void handOut();
  });
}

/** Resolves one after the other. */
async function handOut(): Promise<void> {
  isTurning = true;
  wasQueued = true;
  if (folder !== undefined) void hangBell(folder);
  for (;;) {
    await othersDone();
    wasQueued = waiting.length === 0 || (!wasQueued && queued.length > 0);
    (wasQueued ? queued : waiting).shift()?.();
    if (waiting.length + queued.length === 0) break;
    // It goes on only now, so what is asked for here is there when it is done.
    await round();
  }
  isTurning = false;
}

async function othersDone(): Promise<void> {
  const startedAt = performance.now();
  let from = startedAt;
  let quietRounds = 0;
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    await round();
    const to = performance.now();
    quietRounds = to - from < QUIET_MS ? quietRounds + 1 : 0;
    if (bell === undefined || quietRounds === QUIET_ROUNDS || to - startedAt > MOST_MS) return;
    from = to;
  }
}

/** Resolves once the runtime has looked at its sockets. */
async function round(): Promise<void> {
  try {
    if (bell !== undefined) return void await bell();
  } catch {
    bell = undefined;
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}

async function hangBell(path: string): Promise<void> {
  folder = undefined;
  try {
    bell = await createBell(path);
  } catch {
    // No descriptor, or nothing can be made there: timers will do.
  }
}

/** A stream, as datagrams may be lost; of Unix, as a port might be one that the function wants. */
async function createBell(path: string): Promise<Bell> {
  const name = `${path}/datakit-${crypto.randomUUID()}`;
  const listener = Deno.listen({ transport: "unix", path: name });
  try {
    const far = await Deno.connect({ transport: "unix", path: name });
    const near = await listener.accept().catch((error) => {
      // No descriptor was left for it: then this one is needed more elsewhere.
      far.close();
      throw error;
    });
    const [sent, came] = [new Uint8Array(1), new Uint8Array(16)];
    return () => Promise.all([near.read(came), far.write(sent)]);
  } finally {
    // Its file goes with it.
    listener.close();
  }
}
