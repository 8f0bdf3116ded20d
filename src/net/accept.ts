/** Accepts connections for as long as the listener is wanted: an error never ends it. */
import { createBackoff } from "./backoff.ts";
import type { ConnectionGroup, Lease } from "./connection_pool.ts";

type Listener = Deno.Listener<Deno.Conn>;

export interface AcceptOptions {
  readonly group: ConnectionGroup;
  /** Serves a connection until it is over. Must not reject; the connection is closed and its place freed after it. */
  readonly serve: (connection: Deno.Conn, lease: Lease) => Promise<void>;
}

/** A listener that is being served. Disposal closes it and its connections at once. */
export interface Acceptor extends AsyncDisposable {
  readonly address: Deno.Addr;
  /** Stops taking connections; those that are open go on. */
  stop(): void;
  /** Settles once every open connection is over, or after this many ms. */
  idle(maxMs: number): Promise<void>;
  /** Connections taken so far, and open now. */
  readonly accepted: number;
  readonly open: number;
}

/** Longest wait for the work on connections that are closed: what a handler waits for may never come. In ms. */
const END_MS = 100;

/**
 * Serves `listener`. What cannot be accepted, as descriptors or places run out, waits in the kernel's queue and
 * is tried again; `Deno.serve` would end with the first error.
 */
export function acceptConnections(listener: Listener, { group, serve }: AcceptOptions): Acceptor {
  const open = new Set<Deno.Conn>();
  const served = new Set<Promise<void>>();
  const backoff = createBackoff();
  let accepted = 0;
  let stopped = false;

  function stop(): void {
    if (stopped) return;
    stopped = true;
    listener.close();
    backoff.end();
  }

  async function accept(): Promise<void> {
    while (!stopped) {
      if (!group.hasVacancy()) {
        await group.change();
        continue;
      }
      try {
        take(await listener.accept());
        backoff.reset();
      } catch (error) {
        if (stopped) return;
        group.acceptFailed(error);
        await backoff.wait();
      }
    }
  }

  function take(connection: Deno.Conn): void {
    accepted++;
    const lease = group.admit(() => closeQuietly(connection));
    open.add(connection);
    const done = serve(connection, lease).finally(() => {
      open.delete(connection);
      served.delete(done);
      closeQuietly(connection);
      lease.release();
    });
    served.add(done);
  }

  const accepting = accept();
  return {
    address: listener.addr,
    stop,
    idle: (maxMs) => settledWithin(Promise.all(served), maxMs),
    get accepted() {
      return accepted;
    },
    get open() {
      return open.size;
    },
    [Symbol.asyncDispose]: async () => {
      stop();
      for (const connection of open) closeQuietly(connection);
      await accepting;
      await settledWithin(Promise.all(served), END_MS);
    },
  };
}

async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => void (timer = setTimeout(resolve, ms)));
  await Promise.race([over, work]);
  clearTimeout(timer);
}

/** Closes a connection that may be closed already, by an eviction or by disposal. */
export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}
