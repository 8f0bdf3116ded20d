import { describeError } from "@std/log";
import type { StatsdConfig } from "../../config/statsd.ts";
import { removeSocket, type Sockets } from "../../net/sockets.ts";
import type { ListenAddress, ListenOptions, Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { createTimeSlice, type TimeSlice } from "../../time_slice.ts";
import { createAggregator } from "./aggregate.ts";
import { createDatagramSocket, type DatagramSocket } from "./datagram_socket.ts";
import { type EventContext, writeCheck, writeEvent } from "./event_points.ts";
import { createLengthFramer, createLineFramer, type FramerIntake } from "./framing.ts";
import { parsePacket } from "./parser.ts";
import type { Sample, SampleSink } from "./sample.ts";
import { createStreamSocket, type StreamSocket } from "./stream_socket.ts";

/** The StatsD receiver, whose packets may also come over another receiver's route. */
export interface StatsdReceiver extends Receiver {
  /**
   * Takes lines parted by LF, as many as there are, each as long as a packet may be. Lets the rest of the program run;
   * never rejects.
   */
  feed(lines: Uint8Array): Promise<void>;
  /** Takes one value that came another way. */
  add(sample: Sample): void;
  /** Where it listens now. */
  addresses(): readonly Deno.Addr[];
}

/** Stream connections, TCP and Unix together. A function's clients open one or two; each holds a buffer. */
const MAX_CONNECTIONS = 64;
/** Longest time a flush waits for what the kernel still holds, in ms: this is billed time. */
const DRAIN_MS = 25;
/** Longest wait for one marker: one lost to a full buffer is sent again after that. */
const MARKER_MS = 5;
/** Bytes of lines between two looks at the clock: each line may begin a series, which takes 20 µs. */
const STEP_BYTES = 1024;
const LF = 10;

/**
 * The StatsD and DogStatsD receiver over UDP, TCP and Unix sockets. Metrics are aggregated until {@link
 * Receiver.collect}; events and service checks are handed on at once.
 */
export function createStatsdReceiver(config: StatsdConfig, context: ReceiverContext): StatsdReceiver {
  const { refuse, log, now } = context;
  const aggregator = createAggregator({ config, intake: context, now });
  const datagrams: DatagramSocket[] = [];
  const streams: StreamSocket[] = [];
  let decoder: TextDecoder | undefined;
  let packets = 0;
  /** Packets that are being taken in steps. */
  const unfinished = new Set<Promise<void>>();
  let lastEventNs = 0n;

  const sink: SampleSink = {
    sample: aggregator.add,
    event: (event) => writeEvent(event, eventContext()),
    check: (check) => writeCheck(check, eventContext()),
    malformed: (count) => refuse("malformed", count),
  };

  /** Two events of one millisecond get different times, or a store would keep one. */
  function eventContext(): EventContext {
    const nowNs = BigInt(Math.floor(now())) * 1_000_000n;
    lastEventNs = nowNs <= lastEventNs && lastEventNs - nowNs < 1_000_000n ? lastEventNs + 1n : nowNs;
    return { nowNs: lastEventNs, tags: config.tags, intake: context };
  }

  /** Takes a packet; a long one in steps, in between which the rest of the program runs. */
  function feedPacket(packet: Uint8Array, slice: TimeSlice): Promise<void> | undefined {
    if (packet.length > STEP_BYTES) return feedAll([packet], slice);
    feed(packet);
    return undefined;
  }

  async function feedAll(all: readonly Uint8Array[], slice: TimeSlice): Promise<void> {
    const feeding = feedSteps(all, slice);
    unfinished.add(feeding);
    try {
      await feeding;
    } finally {
      unfinished.delete(feeding);
    }
  }

  async function feedSteps(all: readonly Uint8Array[], slice: TimeSlice): Promise<void> {
    for (const packet of all) {
      for (let from = 0; from < packet.length;) {
        if (slice.isOver()) await slice.pause();
        const lf = packet.indexOf(LF, from + STEP_BYTES);
        const to = lf < 0 ? packet.length : lf + 1;
        feed(packet.subarray(from, to));
        from = to;
      }
    }
  }

  function feed(packet: Uint8Array): void {
    packets++;
    decoder ??= new TextDecoder();
    parsePacket(decoder.decode(packet), config.dialect, sink);
  }

  async function feedLines(lines: Uint8Array): Promise<void> {
    const slice = createTimeSlice();
    const framer = createLineFramer({ feed, refuse });
    for (let at = 0; at < lines.length; at += STEP_BYTES) {
      framer.push(lines.subarray(at, at + STEP_BYTES));
      if (slice.isOver()) await slice.pause();
    }
    framer.end();
  }

  function attempt(what: string, open: () => void, isOptional = false): void {
    try {
      open();
    } catch (error) {
      // A missing ::1 is how half the sandboxes are: not worth a line of the user's log.
      log[isOptional ? "debug" : "warn"](`StatsD on ${what} is off as it could not be opened`, {
        error: describeError(error),
      });
    }
  }

  function addDatagram(connection: Deno.DatagramConn, sockets: Sockets): void {
    const kernel = sockets.kernelOf(connection);
    datagrams.push(createDatagramSocket(connection, { feed: feedPacket, kernel, log }));
  }

  function listen({ pool, sockets }: ListenOptions): Promise<AsyncDisposable> {
    const group = pool.group({ name: "statsd", max: MAX_CONNECTIONS });
    for (const address of config.udp) {
      const open = (): void => addDatagram(sockets.udp(address), sockets);
      attempt(`UDP ${describe(address)}`, open, address.hostname === "::1");
    }
    for (const address of config.tcp) {
      const createFramer = (feed: FramerIntake["feed"]) => createLineFramer({ feed, refuse });
      const options = { createFramer, feed: feedAll, group };
      const open = (): void => void streams.push(createStreamSocket(sockets.tcp(address), options));
      attempt(`TCP ${describe(address)}`, open, address.hostname === "::1");
    }
    const { unixDatagramPath, unixStreamPath } = config;
    if (unixDatagramPath !== "") {
      attempt(unixDatagramPath, () => {
        addDatagram(sockets.unixDatagram(unixDatagramPath), sockets);
      });
    }
    if (unixStreamPath !== "") {
      attempt(unixStreamPath, () => {
        const createFramer = (feed: FramerIntake["feed"]) => createLengthFramer({ feed, refuse });
        const options = { createFramer, feed: feedAll, group };
        streams.push(createStreamSocket(sockets.unixStream(unixStreamPath), options));
      });
    }
    return Promise.resolve({ [Symbol.asyncDispose]: close });
  }

  async function close(): Promise<void> {
    const open = [...datagrams.splice(0), ...streams.splice(0)];
    await Promise.all(open.map((socket) => socket[Symbol.asyncDispose]()));
    for (const { address } of open) {
      if ("path" in address) removeSocket(address.path);
    }
  }

  function activity(): number {
    return streams.reduce((sum, stream) => sum + stream.activity(), packets);
  }

  /** Lets the loops above read until nothing comes any more, for at most {@link DRAIN_MS}. */
  async function drain(): Promise<void> {
    if (datagrams.length + streams.length === 0) return;
    const endAt = performance.now() + DRAIN_MS;
    let quietRounds = 0;
    while (quietRounds < roundsWanted() && performance.now() < endAt) {
      const before = activity();
      await Promise.all(datagrams.map((socket) => socket.drain(MARKER_MS)));
      if (hasConnections() || datagrams.length === 0) await turn();
      quietRounds = activity() === before && unfinished.size === 0 ? quietRounds + 1 : 0;
    }
  }

  /** Whatever the kernel had no room for is told, or it would be lost in silence. */
  function countDropped(): void {
    for (const socket of datagrams) {
      const packets = socket.takeDropped();
      if (packets > 0) refuse("socket_full", packets);
    }
  }

  /**
   * Streams have no place for a marker: what is readable now is read within a turn of the event loop, or in the
   * next one when the turn's timer came first.
   */
  function roundsWanted(): number {
    return hasConnections() ? 2 : 1;
  }

  function hasConnections(): boolean {
    return streams.some((stream) => stream.connections() > 0);
  }

  return {
    name: "statsd",
    listen,
    feed: feedLines,
    add: aggregator.add,
    addresses: () => [...datagrams, ...streams].map((socket) => socket.address),
    collect: async () => {
      await drain();
      countDropped();
      // What was read is in it, however long it takes: there may be no other flush.
      await Promise.all(unfinished);
      await aggregator.flush();
    },
  };
}

function describe({ hostname, port }: ListenAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
