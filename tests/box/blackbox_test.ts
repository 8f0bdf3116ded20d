/**
 * What the black box says of a request that timed out is of the whole machine, as a sandbox is one. So this has to be
 * alone on it: a try beside somebody's work says so, and is made again.
 */
import { assertMatch } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { startExecutable, type StartSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

const TIMEOUT_MS = 2_500;
const TRIES = 5;

scenario("a request that waits for something until its deadline is told from one that works", async () => {
  const start = startExecutable(await buildBinary());
  assertMatch(await messageOf(start, /hung on I\/O, it waits for something \(CPU [0-5] %/), /hung on I\/O/);
  const work = new Deno.Command("/bin/sh", { args: ["-c", "while :; do :; done"] }).spawn();
  try {
    assertMatch(await messageOf(start, /busy loop.* \(CPU \d{2,3} %/), /busy loop/);
  } finally {
    work.kill("SIGKILL");
    await work.status;
  }
});

/** The black box of a request without an end: the first that matches, or the last. */
async function messageOf(start: StartSandbox, wanted: RegExp): Promise<string> {
  let message = "";
  for (let tries = 0; tries < TRIES && !wanted.test(message); tries++) {
    await using sandbox = await start({
      timeoutMs: TIMEOUT_MS,
      env: { ENV_AWSLAMBDA_RECORDER: "on", ENV_FLUSH_PLAN: "end" },
    });
    await sandbox.lambda.invoke({ logs: ["a line"] });
    await sandbox.lambda.invoke({ logs: ["asks somebody"], outcome: "hang" });
    const [box] = sandbox.dataway.points("logging", "awslambda-blackbox");
    message = String(box?.fields.get("message"));
    // deno-lint-ignore no-console
    console.log(message);
  }
  return message;
}
