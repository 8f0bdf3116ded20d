import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createDatagramSocket, type DatagramSocket } from "../../../src/ingest/statsd/datagram_socket.ts";
import type { KernelSocket } from "../../../src/libc.ts";

const ADDRESS: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: 8125 };
const DRAIN_MS = 1;

interface Harness extends AsyncDisposable {
  readonly socket: DatagramSocket;
  /** The kernel has no room for a packet. */
  readonly drop: (packets: number) => void;
  /** The socket's own packets arrive, of those not dropped the oldest. */
  readonly deliver: (own: number) => void;
}

/** A socket whose packets to itself arrive when the test says so. */
function harness(isShown = true): Harness {
  const sent: Uint8Array[] = [];
  let dropped = 0;
  let arrive = (_packet: Uint8Array): void => {};
  let end = (_error: Error): void => {};
  const connection: Deno.DatagramConn = {
    addr: ADDRESS,
    receive: () =>
      new Promise((resolve, reject) => {
        arrive = (packet) => resolve([Uint8Array.from(packet), ADDRESS]);
        end = reject;
      }),
    send: (packet) => Promise.resolve(sent.push(packet)),
    close: () => end(new Error("closed")),
    joinMulticastV4: () => Promise.reject(),
    joinMulticastV6: () => Promise.reject(),
    [Symbol.asyncIterator]: () => {
      throw new Error("Cannot iterate");
    },
  };
  const kernel: KernelSocket = { widen: () => {}, dropped: () => dropped };
  const socket = createDatagramSocket(connection, {
    feed: () => undefined,
    kernel: isShown ? kernel : undefined,
    log: createLogger({ write: () => {} }),
  });
  return {
    socket,
    drop: (packets) => void (dropped += packets),
    deliver: (own) => sent.splice(0, own).forEach((packet) => arrive(packet)),
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
}

/** Lets what was delivered be read. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("takeDropped() tells once of each packet that the kernel had no room for", async () => {
  await using one = harness();
  assertEquals(one.socket.takeDropped(), 0);
  one.drop(3);
  assertEquals(one.socket.takeDropped(), 3);
  assertEquals(one.socket.takeDropped(), 0);
  one.drop(2);
  assertEquals(one.socket.takeDropped(), 2);
});

Deno.test("takeDropped() never takes the socket's own packets for lost ones", async () => {
  await using one = harness();
  await one.socket.drain(DRAIN_MS);
  // Dropped itself, as the next one's arrival tells later.
  one.drop(1);
  assertEquals(one.socket.takeDropped(), 0);
  one.drop(2);
  assertEquals(one.socket.takeDropped(), 2);
  await one.socket.drain(DRAIN_MS);
  // It still waits behind others.
  one.drop(4);
  assertEquals(one.socket.takeDropped(), 3);
  one.deliver(1);
  await settle();
  assertEquals(one.socket.takeDropped(), 1);
});

Deno.test("takeDropped() is 0 where the system does not show a socket", async () => {
  await using hidden = harness(false);
  await hidden.socket.drain(DRAIN_MS);
  hidden.drop(3);
  assertEquals(hidden.socket.takeDropped(), 0);
});
