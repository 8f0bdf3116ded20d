/** Much that comes at once, by sockets: whatever it takes, everything else goes on in between. */
import { assert } from "@std/assert";
import type { StatsdReceiver } from "../../../src/ingest/statsd/receiver.ts";
import { createTimeSlice } from "../../../src/time_slice.ts";
import { scenario } from "../../support/scenario.ts";
import { bytes, harness, listenOptions, LOOPBACK, portOf } from "./receiver_fixture.ts";

/** A bad line that is a step of work, and its LF. */
const BAD_LINE = "x".repeat(1099) + "\n";
/** All of them are there before the first is read; a socket of Linux's usual size holds as many. */
const BAD_LINES = 56;
const LINE_MS = 0.5;
/** Ten such lines are a slice, and one more may be begun. */
const MOST_LINES = 13;
/** Of so many runs the best counts: a pause of the machine's looks like a wait. */
const TRIES = 6;

type Send = (receiver: StatsdReceiver, folder: string) => Promise<Disposable>;

/** Sends all lines in ways that do not wait for the reader. */
const WAYS: Readonly<Record<string, Send>> = {
  UDP: async (receiver) => {
    const sender = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const to: Deno.NetAddr = {
      transport: "udp",
      hostname: "127.0.0.1",
      port: portOf(receiver.addresses()[0]),
    };
    await Promise.all(Array.from({ length: BAD_LINES }, () => sender.send(bytes(BAD_LINE), to)));
    return { [Symbol.dispose]: () => sender.close() };
  },
  TCP: async (receiver) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: portOf(receiver.addresses()[1]) });
    await connection.write(bytes(BAD_LINE.repeat(BAD_LINES)));
    return connection;
  },
  "a Unix stream": async (_receiver, folder) => {
    const connection = await Deno.connect({ transport: "unix", path: `${folder}/stream` });
    const packet = bytes("...." + BAD_LINE.repeat(BAD_LINES));
    new DataView(packet.buffer).setUint32(0, packet.length - 4, true);
    await connection.write(packet);
    return connection;
  },
};

for (const [way, send] of Object.entries(WAYS)) {
  scenario(`receiver lets the event loop run while much work comes by ${way}`, async () => {
    let least = Infinity;
    for (let tries = 0; tries < TRIES && least > MOST_LINES; tries++) {
      least = Math.min(least, await mostLinesOfATurn(send));
    }
    assert(least <= MOST_LINES, `${least} lines in a turn`);
  });
}

async function mostLinesOfATurn(send: Send): Promise<number> {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    let [lines, most, ofTurn] = [0, 0, 0];
    const { receiver } = harness({ udp: LOOPBACK, tcp: LOOPBACK, unixStreamPath: `${folder}/stream` }, () => {
      lines++;
      most = Math.max(most, ++ofTurn);
      for (const end = performance.now() + LINE_MS; performance.now() < end;);
    });
    await using _sockets = await receiver.listen?.(listenOptions());
    const timer = setInterval(() => ofTurn = 0, 0);
    using _sender = await send(receiver, folder);
    while (lines < BAD_LINES) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(timer);
    return most;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

scenario("receiver takes packets although many requests wait for their slices of time", async () => {
  const { receiver, refused } = harness({ udp: LOOPBACK });
  await using _sockets = await receiver.listen?.(listenOptions());
  let slices = 0;
  let isOn = true;
  const requests = Array.from({ length: 20 }, async () => {
    for (const slice = createTimeSlice(); isOn; slices++) {
      while (!slice.isOver());
      await slice.pause();
    }
  });
  using _sender = await WAYS["UDP"]?.(receiver, "");
  while (refused.length < BAD_LINES) await new Promise((resolve) => setTimeout(resolve, 0));
  isOn = false;
  const meanwhile = slices;
  await Promise.all(requests);
  // Each packet behind all of them would be 56 times 20.
  assert(meanwhile < 100, `${meanwhile} slices`);
});
