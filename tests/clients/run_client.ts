/** Runs one real client against the compiled extension while an invocation lasts, and gathers what came of it. */
import { buildBinary } from "../../build.ts";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { Lambda } from "../emulator/lambda.ts";
import { startExecutable } from "../support/sandbox.ts";

/** A client's program, ready to start. */
export interface ClientCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** All that a check can look at. */
export interface ClientRun {
  /** What arrived at Dataway. */
  readonly points: readonly ReceivedPoint[];
  /** What the client printed of itself behind the word REPORT. */
  readonly report: Report;
  /** Everything else the client printed, on either stream. */
  readonly clientLog: readonly string[];
  /** Lines of the extension's own log above INFO. */
  readonly warnings: readonly string[];
  /** Faults of the extension's uploads or of its calls to the platform. */
  readonly violations: readonly string[];
  /** The invocation under way meanwhile. */
  readonly requestId: string;
  /** Around the client's run, Unix ns. */
  readonly startedNs: bigint;
  readonly endedNs: bigint;
}

/** Ids that only the client knows, as it prints them. */
export interface Report {
  readonly traceId?: string;
  /** Span ids by a name of the scenario's. */
  readonly spans?: Readonly<Record<string, string>>;
  /** The integer beyond 2^53 that the client sent. */
  readonly big?: string;
  /** What the client calls the type of the error it recorded. */
  readonly errorType?: string;
}

/** A client that hangs must not hold up the others for long. */
const CLIENT_TIMEOUT_MS = 90_000;
/** How long another program may keep a port. */
const PORTS_TIMEOUT_MS = 20_000;
/** What a function's process has and an extension has not. */
const FUNCTION_ENV = { _HANDLER: "index.handler", LAMBDA_TASK_ROOT: "/var/task", TZ: ":UTC" };

/**
 * Opens a sandbox on the ports that clients dial when nobody tells them otherwise, holds its function in one
 * invocation until the client has ended, and shuts it down. Throws when the client fails. `env`: more of the sandbox's
 * environment.
 */
export async function runClient(
  command: ClientCommand,
  env: Readonly<Record<string, string>> = {},
): Promise<ClientRun> {
  const start = startExecutable(await buildBinary());
  await portsAreFree();
  await using gate = openGate();
  await using sandbox = await start({
    timeoutMs: CLIENT_TIMEOUT_MS + 30_000,
    memorySizeMb: 512,
    env: { ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry,statsd", ...env },
  });
  await sandbox.lambda.init();
  const invocation = sandbox.lambda.invoke({ sends: [{ kind: "http", url: gate.url }] });
  await gate.entered;
  const startedNs = nowNs();
  const requestId = requestIdOf(sandbox.lambda);
  const program = runProgram(command, { ...sandbox.lambda.env, TEST_REQUEST_ID: requestId }).finally(
    gate.release,
  );
  await Promise.allSettled([program, invocation]);
  const endedNs = nowNs();
  const { report, log } = await program;
  await sandbox.lambda.shutdown();
  return {
    points: sandbox.dataway.points(),
    report,
    clientLog: log,
    warnings: sandbox.lines().filter((line) => /"level":"(WARN|ERROR)"/i.test(line)),
    violations: [...sandbox.dataway.violations, ...sandbox.lambda.violations],
    requestId,
    startedNs,
    endedNs,
  };
}

/** Waits for other programs, a sandbox that is just ending among them, to leave the ports of the local protocols. */
async function portsAreFree(): Promise<void> {
  const untilMs = performance.now() + PORTS_TIMEOUT_MS;
  for (const port of [4317, 4318, 8124, 8125, 8126]) {
    for (;;) {
      try {
        Deno.listen({ hostname: "127.0.0.1", port }).close();
        Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }).close();
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

/** A server that the function calls and that answers when it is told to: the invocation lasts that long. */
function openGate(): AsyncDisposable & { url: string; entered: Promise<void>; release(): void } {
  const entered = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    entered.resolve();
    await released.promise;
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    entered: entered.promise,
    release: released.resolve,
    [Symbol.asyncDispose]: async () => {
      released.resolve();
      await server.shutdown();
    },
  };
}

/** The id of the invocation under way. */
function requestIdOf({ events }: Pick<Lambda, "events">): string {
  const started = events.findLast(({ type }) => type === "platform.start")?.record;
  return typeof started === "object" && started !== null && "requestId" in started
    ? String(started.requestId)
    : "";
}

/** Runs it to its end. Throws when it fails. */
export async function runProgram(
  { program, args, cwd, env }: ClientCommand,
  lambdaEnv: Readonly<Record<string, string>>,
): Promise<{ report: Report; log: string[] }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    clearEnv: true,
    env: {
      ...FUNCTION_ENV,
      ...lambdaEnv,
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      HOME: Deno.env.get("HOME") ?? "/tmp",
      ...env,
    },
    signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  const lines = `${decoder.decode(stdout)}\n${decoder.decode(stderr)}`.split("\n").filter((line) =>
    line.trim() !== ""
  );
  const reportLine = lines.find((line) => line.startsWith("REPORT "));
  const log = lines.filter((line) => line !== reportLine);
  if (code !== 0 || reportLine === undefined) {
    throw new Error(
      `Cannot judge a client that exits with ${code} ${
        reportLine === undefined ? "and without a report" : ""
      }:\n${log.join("\n")}`,
    );
  }
  return { report: JSON.parse(reportLine.slice("REPORT ".length)), log };
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
