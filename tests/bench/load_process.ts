/**
 * The load process: sends what it is told to over real sockets, in a process of its own so that its work is not
 * measured as the extension's. Takes one command a line on stdin, answers each with a line.
 */
import { TextLineStream } from "./lines.ts";
import { createGrpcSender, createHttpSender, type Sender } from "./load_senders.ts";
import { createPayload, type RequestKind } from "./payloads.ts";
import { sleep } from "../emulator/waiters.ts";

/** What is to be sent. */
export type LoadCommand = RequestCommand | StatsdCommand;

interface RequestCommand {
  readonly kind: RequestKind;
  readonly port: number;
  readonly seconds: number;
  /** Items a second; 0: as many as are taken. */
  readonly rate: number;
  /** Requests at a time. */
  readonly connections: number;
}

interface StatsdCommand {
  readonly kind: "StatsD packets";
  readonly port: number;
  readonly seconds: number;
  /** Packets a second. */
  readonly rate: number;
  /** The counter's name. */
  readonly name: string;
}

/** What was sent. */
export interface LoadReport {
  readonly items: number;
  readonly seconds: number;
}

/** A sender that paces itself looks at the clock this often, in ms: so many packets come at once. */
const PACE_MS = 1;

if (import.meta.main) {
  for await (
    const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
  ) {
    const command: LoadCommand = JSON.parse(line);
    const report = command.kind === "StatsD packets"
      ? await sendPackets(command)
      : await sendRequests(command);
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
  }
}

async function sendRequests(command: RequestCommand): Promise<LoadReport> {
  const { kind, port, seconds, rate, connections } = command;
  const { items: itemsPerRequest } = createPayload(kind);
  const senders: Sender[] = [];
  for (let index = 0; index < connections; index++) {
    const payload = createPayload(kind);
    // Ids of its own for each connection.
    for (let skipped = 0; skipped < index * 100_000; skipped += itemsPerRequest) payload.next();
    senders.push(
      kind === "OTLP spans, gRPC" ? createGrpcSender(port, payload) : await createHttpSender(port, payload),
    );
  }
  let items = 0;
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  await Promise.all(senders.map(async (sender) => {
    for (let now = startedAt; now < endAt; now = performance.now()) {
      if (rate > 0 && items >= (now - startedAt) / 1000 * rate) {
        await sleep(PACE_MS);
        continue;
      }
      items += itemsPerRequest;
      await sender.send();
    }
  }));
  const tookMs = performance.now() - startedAt;
  for (const sender of senders) sender[Symbol.dispose]();
  return { items, seconds: tookMs / 1000 };
}

/** One line a packet, as clients without a buffer send them. */
async function sendPackets({ port, seconds, rate, name }: StatsdCommand): Promise<LoadReport> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
  const packet = new TextEncoder().encode(`${name}:1|c|#route:/orders,tenant:tenant-0042,env:prod`);
  let items = 0;
  const startedAt = performance.now();
  for (let now = startedAt; now < startedAt + seconds * 1000; now = performance.now()) {
    const due = Math.floor((now - startedAt) / 1000 * rate);
    if (items >= due) {
      await sleep(PACE_MS);
      continue;
    }
    for (; items < due - 1; items++) void socket.send(packet, to);
    await socket.send(packet, to);
    items++;
  }
  const tookMs = performance.now() - startedAt;
  socket.close();
  return { items, seconds: tookMs / 1000 };
}
