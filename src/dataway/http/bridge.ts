import { closeQuietly, type Connection, writeAll } from "./connection.ts";

/** A loopback connection that is the near end of another connection. */
export interface Bridge {
  readonly hostname: string;
  readonly port: number;
  /** Joins the connection that came from this local port. All others are refused, and no further one is taken. */
  readonly join: (localPort: number) => Promise<void>;
  /** For when nothing comes to be joined. */
  readonly close: () => void;
}

const READ_BYTES = 16 * 1024;
const LOOPBACK = "127.0.0.1";

/**
 * Opens a loopback port that leads on over `far`. Neither of the runtime's ways to TLS takes a connection that is
 * no plain socket: this makes a plain socket of any. Both ends close with the other.
 */
export function openBridge(far: Connection): Bridge {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });

  async function join(localPort: number): Promise<void> {
    try {
      for (;;) {
        const near = await listener.accept();
        if (near.remoteAddr.port !== localPort) {
          closeQuietly(near);
          continue;
        }
        near.setNoDelay(true);
        void pump(near, far);
        void pump(far, near);
        return;
      }
    } finally {
      closeQuietly(listener);
    }
  }

  return { hostname: LOOPBACK, port: listener.addr.port, join, close: () => closeQuietly(listener) };
}

/** Carries bytes until either end is closed; then both are. */
async function pump(from: Connection, to: Connection): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      await writeAll(to, buffer.subarray(0, count));
    }
  } catch {
    // One end is gone.
  } finally {
    closeQuietly(from);
    closeQuietly(to);
  }
}
