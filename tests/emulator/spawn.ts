/** Starts processes in groups of their own, so that freezing and killing reach the children too. */
import { spawn as spawnNode } from "node:child_process";
import { Readable } from "node:stream";
import type { ProcessOptions } from "./process.ts";
import type { ProgramExit } from "./program.ts";

/** A process that runs, and the ends of its pipes. */
export interface Spawned {
  readonly pid: number;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** What it writes to {@link FRAMES_DESCRIPTOR}. */
  readonly frames?: AsyncIterable<Uint8Array>;
  readonly status: Promise<ProgramExit>;
}

/** The first descriptor after the standard streams. */
const FRAMES_DESCRIPTOR = 3;

/** Throws when the file cannot be started. */
export function spawn(options: ProcessOptions): Spawned {
  const child = new Deno.Command(options.command, {
    args: [...options.args ?? []],
    env: { ...options.env },
    clearEnv: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.userId === undefined ? {} : { uid: options.userId, gid: options.userId }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  return { pid: child.pid, stdout: child.stdout, stderr: child.stderr, status: child.status.then(toExit) };
}

/** Becomes the program whose command line is in the variable. */
const BECOME = 'eval "set -- $EMULATOR_COMMAND"; unset EMULATOR_COMMAND; exec "$@"';

/**
 * The same with one more pipe, which only Node's interface can make. A shell stands in between, since Deno's form of
 * that interface takes a command that names Deno for Node's, and rewrites its arguments.
 */
export function spawnWithFrames(options: ProcessOptions): Spawned {
  const { command, args = [], env, cwd, userId } = options;
  if (!isFound(command, env["PATH"] ?? "", cwd)) throw new Deno.errors.NotFound(`Cannot find ${command}`);
  const child = spawnNode("/bin/sh", ["-c", BECOME], {
    env: {
      ...env,
      _LAMBDA_TELEMETRY_LOG_FD: String(FRAMES_DESCRIPTOR),
      EMULATOR_COMMAND: [command, ...args].map(quote).join(" "),
    },
    ...(cwd === undefined ? {} : { cwd }),
    ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise<ProgramExit>((resolve, reject) => {
    child.on("exit", (code, signal) => resolve(toExit({ code: code ?? 128, signal })));
    child.on("error", reject);
  });
  const pipe = (descriptor: number): Readable => {
    const stream = child.stdio[descriptor];
    if (stream instanceof Readable) return stream;
    throw new TypeError(`Cannot read descriptor ${descriptor} of ${command}`);
  };
  const { pid } = child;
  if (pid === undefined) throw new Deno.errors.NotFound("Cannot start /bin/sh");
  return { pid, stdout: pipe(1), stderr: pipe(2), frames: pipe(FRAMES_DESCRIPTOR), status: ended };
}

/** As a shell would look for it: by path, or in the folders of `PATH`. */
function isFound(command: string, path: string, cwd = Deno.cwd()): boolean {
  const places = command.includes("/")
    ? [command.startsWith("/") ? command : `${cwd}/${command}`]
    : path.split(":").map((folder) => `${folder}/${command}`);
  return places.some((place) => {
    try {
      return Deno.statSync(place).isFile;
    } catch {
      return false;
    }
  });
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function toExit({ code, signal }: { readonly code: number; readonly signal: string | null }): ProgramExit {
  return { code, ...(signal === null ? {} : { signal }) };
}
