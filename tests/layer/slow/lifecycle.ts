/** The lifecycle of an executable, started the way Lambda starts it: register, an invocation, SHUTDOWN. */
import { assertEquals } from "@std/assert";
import { invokeEvent, shutdownEvent, startPlatform } from "../../bench/platform.ts";
import { connectTelemetry, invocationBody } from "../../bench/telemetry.ts";
import { freePort } from "../../support/loopback.ts";

const NOBODY = 65534;
const REQUEST_ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";
/** A start under emulation takes several seconds, on a busy machine much more. */
const START_LIMIT_MS = 120_000;

/** Starts `[command, ...args]` in `folder` without a home, as nobody, and throws unless all of it goes well. */
export async function runLifecycle(
  [command = "", ...args]: readonly string[],
  folder: string,
): Promise<void> {
  await using platform = startPlatform();
  const process = new Deno.Command(command, {
    args,
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
      AWS_LAMBDA_RUNTIME_API: platform.address,
      AWS_LAMBDA_FUNCTION_NAME: "bench",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
      AWS_REGION: "eu-west-1",
      ENV_HTTP_LISTEN: `0.0.0.0:${freePort()}`,
      ENV_DEFAULT_ENABLED_INPUTS: "",
    },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    ...(Deno.uid() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  }).spawn();
  const limit = setTimeout(() => process.kill("SIGKILL"), START_LIMIT_MS);
  let isAlive = true;
  const ended = process.status.then(({ code }) => {
    isAlive = false;
    return `ended with code ${code}`;
  });
  const alive = async <T>(promise: Promise<T>): Promise<T> =>
    await Promise.race([
      promise,
      ended.then((how) => Promise.reject(new Error(`Cannot go on as it ${how}`))),
    ]);
  try {
    const registration = await Promise.race([platform.registered, ended]);
    if (typeof registration === "string") {
      throw new Error(`Cannot test the executable as it ${registration}`);
    }
    assertEquals(registration.name, "datakit");
    assertEquals(registration.events, ["INVOKE", "SHUTDOWN"]);
    const call = await alive(platform.next());
    using telemetry = await connectTelemetry((await alive(platform.subscribed)).url);
    call.reply(invokeEvent(REQUEST_ID));
    await alive(telemetry.post(invocationBody(REQUEST_ID)));
    (await alive(platform.next())).reply(shutdownEvent());
    assertEquals(await ended, "ended with code 0");
  } finally {
    clearTimeout(limit);
    if (isAlive) process.kill("SIGKILL");
    await process.status;
  }
}
