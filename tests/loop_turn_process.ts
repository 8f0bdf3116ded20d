/** A process in which `loop_turn_test.ts` has long work and a server have the event loop in turn. */
import { queuedTurn, tellTurnsBySocket } from "../src/loop_turn.ts";

/** Short, or slices would hide what the pauses between them take. In ms. */
const SLICE_MS = 2;
const PAUSES = 400;

const [folder] = Deno.args;
if (folder !== undefined) tellTurnsBySocket(folder);
let answered = 0;
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => print(String(port)),
}, async (request) => {
  await request.text();
  answered++;
  return new Response();
});
// The first turns are told by timers, while the sockets are made.
for (let turns = 0; turns < 20; turns++) await queuedTurn();
const pausesMs: number[] = [];
for (let slices = 0; slices < PAUSES; slices++) {
  const endAt = performance.now() + SLICE_MS;
  while (performance.now() < endAt);
  const from = performance.now();
  await queuedTurn();
  pausesMs.push(performance.now() - from);
}
// One among those in which nobody else had anything to do.
const quietMs = pausesMs.sort((a, b) => a - b)[PAUSES / 8];
const left = folder === undefined
  ? []
  : Array.from(safely(() => Deno.readDirSync(folder)), ({ name }) => name);
print(JSON.stringify({ quietMs, answered, left }));
Deno.exit(0);

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function safely(read: () => Iterable<Deno.DirEntry>): Iterable<Deno.DirEntry> {
  try {
    return read();
  } catch {
    return [];
  }
}
