import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { hasQueue, nextTurn, queuedTurn } from "../src/loop_turn.ts";
import { installFakeTime } from "./support/fake_time.ts";
import { scenario } from "./support/scenario.ts";

/** In ms: a timer fires no earlier. */
const TIMER_MS = 1;

interface Outcome {
  /** A pause in which nobody else had anything to do, in ms. */
  readonly quietMs: number;
  readonly answered: number;
  /** Files in the folder. */
  readonly left: readonly string[];
}

/** 400 slices of 2 ms in a process whose server is asked for something all the time; `folder`: for the sockets. */
async function workBesideServer(folder?: string): Promise<Outcome> {
  const script = new URL("loop_turn_process.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", "--quiet", script, ...(folder === undefined ? [] : [folder])];
  await using child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const lines: string[] = [];
  let asking: Promise<void> | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    lines.push(...text.split("\n").filter((line) => line !== ""));
    if (lines[0] !== undefined) asking ??= ask(Number(lines[0]), () => lines.length > 1);
  }
  await asking;
  return JSON.parse(lines[1] ?? "");
}

async function ask(port: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "body" }).catch(() => {});
    await answer?.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("nextTurn() gives each who asks a turn of its own, and is not held up by those in the queue", async () => {
  const log: string[] = [];
  const timer = setInterval(() => log.push("-"), 0);
  const queued = ["a", "b", "c"].map((name) => queuedTurn().then(() => log.push(name)));
  const waiting = ["1", "2"].map((name) => nextTurn().then(() => log.push(name)));
  assert(hasQueue());
  await Promise.all([...queued, ...waiting]);
  clearInterval(timer);
  assert(!hasQueue());
  assertEquals(log.filter((each) => each !== "-").join(""), "1a2bc");
  assert(!/[^-]{2}/.test(log.join("")), log.join(""));
});

Deno.test("queuedTurn() comes although others want one turn after the other", async () => {
  using time = installFakeTime();
  let isOver = false;
  let turns = 0;
  void (async () => {
    for (; !isOver; turns++) await nextTurn();
  })();
  let queued = 0;
  void (async () => {
    for (; queued < 10; queued++) await queuedTurn();
    isOver = true;
  })();
  while (await time.step());
  assertEquals(queued, 10);
  assertLess(turns, 13);
});

scenario(
  "queuedTurn() is there without waiting where sockets tell it, and others are answered before it",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { quietMs, answered, left } = await workBesideServer(folder);
      assertLess(quietMs, TIMER_MS);
      assertGreater(answered, 50);
      assertEquals(left, []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

for (const [what, folder] of [["is told", undefined], ["can be written to", "/proc/none"]] as const) {
  scenario(`queuedTurn() is told by timers where no folder ${what}`, async () => {
    const { quietMs, answered } = await workBesideServer(folder);
    assertGreater(quietMs, TIMER_MS);
    assertGreater(answered, 50);
  });
}

scenario("no descriptor is kept where they do not suffice for the sockets", async () => {
  const script = new URL("loop_turn_descriptors_process.ts", import.meta.url).pathname;
  const folder = await Deno.makeTempDir();
  try {
    const command = 'ulimit -n 64 && exec "$0" run -A --no-check --quiet "$1" "$2"';
    const args = ["-c", command, Deno.execPath(), script, folder];
    const { stdout } = await new Deno.Command("sh", { args }).output();
    assertEquals(new TextDecoder().decode(stdout), "2 of 2\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
