/** A process in which `loop_turn_test.ts` has two descriptors left: one for a listener, one to connect to it. */
import { queuedTurn, tellTurnsBySocket } from "../src/loop_turn.ts";

const FREE = 2;
const [folder = ""] = Deno.args;
tellTurnsBySocket(folder);
const files = openAll();
for (let free = 0; free < FREE; free++) files.pop()?.close();
for (let turns = 0; turns < 20; turns++) await queuedTurn();
const free = openAll().length;
// Written to what is open.
Deno.stdout.writeSync(new TextEncoder().encode(`${free} of ${FREE}\n`));
Deno.exit(0);

/** Opens files until there is no descriptor for another. */
function openAll(): Deno.FsFile[] {
  const opened: Deno.FsFile[] = [];
  try {
    for (;;) opened.push(Deno.openSync("/dev/null"));
  } catch {
    return opened;
  }
}
