import { acceptConnections, type Acceptor } from "../../net/accept.ts";
import type { ConnectionGroup, Lease } from "../../net/connection_pool.ts";
import { createTimeSlice, type TimeSlice } from "../../time_slice.ts";
import type { Framer } from "./framing.ts";
import { WAITED_MS } from "./packet_slice.ts";

/** What a stream listener is served with. */
export interface StreamSocketOptions {
  /** A framer for each connection, and where it puts its packets. */
  readonly createFramer: (feed: (packet: Uint8Array) => void) => Framer;
  /** Takes the packets of one read, in steps that end with the slice; valid until it resolves. Never rejects. */
  readonly feed: (packets: readonly Uint8Array[], slice: TimeSlice) => Promise<void>;
  readonly group: ConnectionGroup;
}

/** A TCP or Unix stream listener whose connections feed what they receive. */
export interface StreamSocket extends AsyncDisposable {
  readonly address: Deno.Addr;
  /** Connections open now. */
  readonly connections: () => number;
  /** Grows with each connection and each read: unchanged over a turn of the event loop means drained. */
  readonly activity: () => number;
}

const READ_BYTES = 16_384;
/**
 * Serves a listener until it is disposed of, which closes its connections. They may be silent for as long as they
 * like: a client that writes to a connection we closed is not told that its metrics are lost.
 */
export function createStreamSocket(
  listener: Deno.Listener<Deno.Conn>,
  { createFramer, feed, group }: StreamSocketOptions,
): StreamSocket {
  let reads = 0;

  async function read(connection: Deno.Conn, lease: Lease): Promise<void> {
    const packets: Uint8Array[] = [];
    const framer = createFramer((packet) => void packets.push(packet));
    const buffer = new Uint8Array(READ_BYTES);
    let slice = createTimeSlice();
    try {
      for (;;) {
        const askedAt = performance.now();
        const size = await connection.read(buffer);
        reads++;
        // While a client is faster than we are no turn of the loop comes by itself.
        if (performance.now() - askedAt > WAITED_MS) slice = createTimeSlice();
        const goesOn = size !== null && framer.push(buffer.subarray(0, size));
        if (packets.length > 0) await feed(packets.splice(0), slice);
        else if (slice.isOver()) await slice.pause();
        if (!goesOn) break;
        lease.touch();
        lease.prove();
      }
    } catch {
      // A connection cut short: what came whole was taken, the rest is told by the framer.
    }
    framer.end();
    if (packets.length > 0) await feed(packets.splice(0), slice);
  }

  const acceptor: Acceptor = acceptConnections(listener, { group, serve: read });
  return {
    address: acceptor.address,
    connections: () => acceptor.open,
    activity: () => acceptor.accepted + reads,
    [Symbol.asyncDispose]: () => acceptor[Symbol.asyncDispose](),
  };
}
