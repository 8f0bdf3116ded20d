/**
 * What the black box says of a request that timed out is of the whole machine, as a sandbox is one. So this has to be
 * alone on it: a try beside somebody's work says so, and is made again.
 */
import { assert, assertMatch } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { startExecutable, type StartSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

const TIMEOUT_MS = 2_500;
const TRIES = 5;

scenario("a request that waits for something until its deadline is told from one that works", async () => {
  const start = startExecutable(await buildBinary());
  const isQuiet = await lookFor(start, (cpuPct) => cpuPct <= 5);
  if (!isQuiet) say(`=== NO WAIT WAS SEEN IN ${TRIES} TRIES: somebody else works on this machine`);
  const work = new Deno.Command("/bin/sh", { args: ["-c", "while :; do :; done"] }).spawn();
  try {
    assert(await lookFor(start, (cpuPct) => cpuPct >= 90));
  } finally {
    work.kill("SIGKILL");
    await work.status;
  }
});

/** Has requests time out until the CPU of one is as wanted. Whatever it is, the words have to say what it means. */
async function lookFor(start: StartSandbox, isWanted: (cpuPct: number) => boolean): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const message = await messageOf(start);
    say(message);
    const [, meaning = "", cpu] = /deadline: (.*) \(CPU (\d+) % of a core\)/.exec(message) ?? [];
    const cpuPct = Number(cpu);
    assertMatch(meaning, cpuPct <= 5 ? /^hung on I\/O/ : cpuPct >= 90 ? /^busy loop/ : /^waits and works/);
    if (isWanted(cpuPct)) return true;
  }
  return false;
}

/** What the black box says of a request without an end. */
async function messageOf(start: StartSandbox): Promise<string> {
  await using sandbox = await start({
    timeoutMs: TIMEOUT_MS,
    env: { ENV_AWSLAMBDA_RECORDER: "on", ENV_FLUSH_PLAN: "end" },
  });
  await sandbox.lambda.invoke({ logs: ["a line"] });
  await sandbox.lambda.invoke({ logs: ["asks somebody"], outcome: "hang" });
  const [box] = sandbox.dataway.points("logging", "awslambda-blackbox");
  return String(box?.fields.get("message"));
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
