/** Runs a program as a real process group. */
import { type LogFrame, readFrames } from "./log_frames.ts";
import type { LineSink, Program, ProgramExit, ProgramMemory } from "./program.ts";
import { spawn, type Spawned, spawnWithFrames } from "./spawn.ts";
import { nowMs } from "./waiters.ts";

export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The user it runs as, and a group of the same number. */
  readonly userId?: number;
  readonly onLine: LineSink;
  /** Gives the process the pipe of a managed runtime, and takes what comes through it. */
  readonly onFrame?: (frame: LogFrame) => void;
}

/** Starts a process. A file that cannot be started is an exit with `launchError`, as in Lambda. */
export function startProcess(options: ProcessOptions): Program {
  const startedAt = nowMs();
  let child: Spawned;
  try {
    child = options.onFrame === undefined ? spawn(options) : spawnWithFrames(options);
  } catch (error) {
    return failedProgram(options.name, startedAt, error);
  }
  let exit: ProgramExit | undefined;
  const { onLine, onFrame = () => {} } = options;
  const output = Promise.allSettled([
    readLines(child.stdout, (line) => onLine(line, "stdout")),
    readLines(child.stderr, (line) => onLine(line, "stderr")),
    ...child.frames === undefined ? [] : [
      readFrames(child.frames, onFrame).catch((error: Error) => onLine(error.message, "stderr")),
    ],
  ]);
  const signal = (name: Deno.Signal): void => signalGroup(child.pid, name);
  const killOnUnload = (): void => signal("SIGKILL");
  globalThis.addEventListener("unload", killOnUnload);
  let memory: ProgramMemory | undefined;
  const exited = child.status.then(async (status) => {
    exit = status;
    // Children that outlive their parent would hold the pipes open.
    signal("SIGKILL");
    globalThis.removeEventListener("unload", killOnUnload);
    await output;
    return exit;
  });
  return {
    name: options.name,
    pid: child.pid,
    startedAt,
    exited,
    settled: exited,
    get hasExited(): boolean {
      return exit !== undefined;
    },
    terminate: () => exit ?? signal("SIGTERM"),
    kill: () => exit ?? signal("SIGKILL"),
    freeze: () => exit ?? signal("SIGSTOP"),
    thaw: () => exit ?? signal("SIGCONT"),
    memory: () => {
      if (exit === undefined) memory = groupMemory(child.pid) ?? memory;
      return memory;
    },
  };
}

function failedProgram(name: string, startedAt: number, error: unknown): Program {
  const type = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable
    ? "PermissionDenied"
    : "UnknownError";
  return {
    name,
    startedAt,
    exited: Promise.resolve({ code: 126, launchError: type }),
    settled: Promise.resolve(),
    hasExited: true,
    terminate: () => {},
    kill: () => {},
    freeze: () => {},
    thaw: () => {},
    memory: () => undefined,
  };
}

function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(Deno.build.os === "windows" ? pid : -pid, signal);
  } catch {
    // The group is gone, which is what the caller wanted or will learn from `exited`.
  }
}

async function readLines(stream: AsyncIterable<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  rest += decoder.decode();
  if (rest !== "") onLine(rest);
}

/** Sums over all processes of the group; Linux only. */
function groupMemory(groupId: number): ProgramMemory | undefined {
  const statuses: string[] = [];
  try {
    for (const entry of Deno.readDirSync("/proc")) {
      if (/^\d+$/.test(entry.name) && inGroup(entry.name, groupId)) {
        statuses.push(readText(`/proc/${entry.name}/status`));
      }
    }
  } catch {
    return undefined;
  }
  const sum = (key: string): number =>
    statuses.reduce(
      (bytes, text) => bytes + 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0),
      0,
    );
  // A process that has just ended has no memory lines any more.
  if (sum("VmHWM") === 0) return undefined;
  return { peakBytes: sum("VmHWM"), residentBytes: sum("VmRSS"), anonymousBytes: sum("RssAnon") };
}

/** The fifth field of `stat` is the process group; the second may hold spaces and brackets. */
function inGroup(pid: string, groupId: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === groupId;
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
