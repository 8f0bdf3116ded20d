/** The compiled extension as a process, and what Linux tells about it. */
import type { ControlGroup } from "../support/control_group.ts";

export interface ExtensionProcess extends AsyncDisposable {
  readonly pid: number;
  /** `performance.now()` just before it was started. */
  readonly startedAt: number;
  /** CPU time of all its threads since the start, in ms. */
  cpuMs(): number;
  /** Memory held by it. */
  memory(): Memory;
  /** Its exit code. */
  readonly ended: Promise<number>;
}

export interface Memory {
  readonly rssMb: number;
  /** The part that no other process can share: heap and stacks. */
  readonly anonMb: number;
  /** Most RSS it ever had. */
  readonly peakMb: number;
}

/** What Lambda sets, besides the Runtime API's address. */
const LAMBDA_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
  AWS_LAMBDA_FUNCTION_NAME: "bench",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
  AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
  AWS_REGION: "eu-west-1",
};

/** Starts `path`, its file read once beforehand so that no disk is measured. Killed when disposed of. */
export async function startExtension(
  path: string,
  env: Readonly<Record<string, string>>,
  group?: ControlGroup,
): Promise<ExtensionProcess> {
  await Deno.readFile(path);
  const { program, args } = group?.command(path) ?? { program: path, args: [] };
  const command = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { ...LAMBDA_ENV, ...env },
    cwd: "/",
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
  const startedAt = performance.now();
  const process = command.spawn();
  let running = true;
  const ended = process.status.then(({ code }) => {
    running = false;
    return code;
  });
  return {
    pid: process.pid,
    startedAt,
    cpuMs: () => readCpuMs(process.pid),
    memory: () => readMemory(process.pid),
    ended,
    [Symbol.asyncDispose]: async () => {
      if (running) process.kill("SIGKILL");
      await ended;
    },
  };
}

function readCpuMs(pid: number): number {
  let totalNs = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    totalNs += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return totalNs / 1e6;
}

function readMemory(pid: number): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const megabytes = (name: string): number => {
    const match = status.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m"));
    return Number(match?.[1]) * 1024 / 1e6;
  };
  return { rssMb: megabytes("VmRSS"), anonMb: megabytes("RssAnon"), peakMb: megabytes("VmHWM") };
}
