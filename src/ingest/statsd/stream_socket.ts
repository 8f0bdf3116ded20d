import { describeError, type Logger } from "@std/log";
import type { Framer } from "./framing.ts";

/** What a stream listener is served with. */
export interface StreamSocketOptions {
  /** A framer for each connection. */
  readonly createFramer: () => Framer;
  readonly log: Logger;
}

/** A TCP or Unix stream listener whose connections feed what they receive. */
export interface StreamSocket extends AsyncDisposable {
  readonly address: Deno.Addr;
  /** Connections open now. */
  readonly connections: () => number;
  /** Grows with each connection and each read: unchanged over a turn of the event loop means drained. */
  readonly activity: () => number;
}

/** A function's clients open one or two; each holds a buffer. */
const MAX_CONNECTIONS = 64;
const READ_BYTES = 16_384;
/** Accept errors in a row after which a listener is given up. */
const MAX_FAILURES = 10;

type Listener = Deno.Listener<Deno.Conn>;

/** Serves a listener until it is disposed of, which closes its connections. */
export function createStreamSocket(listener: Listener, options: StreamSocketOptions): StreamSocket {
  const { createFramer, log } = options;
  const open = new Set<Deno.Conn>();
  const reading = new Set<Promise<void>>();
  let activity = 0;
  let closed = false;

  async function accept(): Promise<void> {
    let failures = 0;
    while (!closed && failures < MAX_FAILURES) {
      try {
        const connection = await listener.accept();
        failures = 0;
        activity++;
        if (open.size >= MAX_CONNECTIONS) {
          log.warn(`A StatsD connection was closed as at most ${MAX_CONNECTIONS} may be open`);
          connection.close();
          continue;
        }
        open.add(connection);
        const done = read(connection).finally(() => reading.delete(done));
        reading.add(done);
      } catch (error) {
        if (closed) return;
        failures++;
        log.warn("A StatsD listener failed to accept", { error: describeError(error) });
      }
    }
  }

  async function read(connection: Deno.Conn): Promise<void> {
    const framer = createFramer();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const size = await connection.read(buffer);
        activity++;
        if (size === null || !framer.push(buffer.subarray(0, size))) break;
      }
    } catch {
      // A connection cut short: what came whole was taken, the rest is told by the framer.
    }
    framer.end();
    open.delete(connection);
    closeQuietly(connection);
  }

  const accepting = accept();
  return {
    address: listener.addr,
    connections: () => open.size,
    activity: () => activity,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      if (!closed) {
        closed = true;
        listener.close();
        for (const connection of open) closeQuietly(connection);
      }
      await Promise.all([accepting, ...reading]);
    },
  };
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed by the other side's reset, or by disposal while it was read.
  }
}
