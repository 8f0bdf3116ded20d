/**
 * The executable. Lambda starts it without arguments; the runtime process is started only once we have registered,
 * so registering comes before everything else is even evaluated.
 * @see `tests/spec/lambda.md` 1.1
 */
import { openHeap } from "./heap.ts";
import { idle } from "./lambda/idle.ts";
import { openLibc } from "./libc.ts";
import { type Shell, startShell } from "./shell.ts";

const env = Deno.env.toObject();

// Whatever fails unseen, the function's invocations must go on: an exit of ours is fatal for them.
for (const type of ["unhandledrejection", "error"] as const) {
  addEventListener(type, (event) => {
    event.preventDefault();
    reportUnseen("reason" in event ? event.reason : "error" in event ? event.error : type);
  });
}
let reportUnseen = (error: unknown): void => {
  // deno-lint-ignore no-console
  console.error(
    JSON.stringify({
      level: "error",
      logger: "datakit",
      message: "Unexpected failure",
      error: String(error),
    }),
  );
};

if (Deno.args.length > 0 || env["AWS_LAMBDA_RUNTIME_API"] === undefined) {
  const { runCli } = await import("./cli/mod.ts");
  const print = (line: string): void => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  Deno.exit(await runCli({ args: Deno.args, env, print }));
}

const shell = await startShell({ env, runtimeApi: env["AWS_LAMBDA_RUNTIME_API"], name: executableName() });
Deno.exit(await run(shell));

/** Loads everything else and runs it; the exit code. What cannot be loaded leaves the invocations to go on. */
async function run(shell: Shell): Promise<number> {
  try {
    const libc = openLibc();
    // Before all that takes time: meanwhile nobody reads.
    if (libc !== undefined) shell.sockets.widen(libc.udpSocket);
    const { runExtension } = await import("./extension.ts");
    const heap = openHeap(libc);
    const { exitCode } = await runExtension({
      env,
      shell,
      hostname: () => Deno.hostname(),
      memoryUsedBytes: () => Deno.memoryUsage().rss,
      socketFolder: "/tmp",
      ...(heap === undefined ? {} : { heap }),
      onUnseenError: (report) => void (reportUnseen = report),
    });
    return exitCode;
  } catch (error) {
    reportUnseen(error);
    shell.sockets[Symbol.dispose]();
    return (await idle(shell)).exitCode;
  }
}

/** Lambda knows an extension by its file name under `/opt/extensions`. */
function executableName(): string {
  return Deno.execPath().split("/").at(-1) ?? "datakit";
}
