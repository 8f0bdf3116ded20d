/** Turns `src/main.ts` into the extension's executable: bundle, then compile onto the base runtime. */
import { type Arch, type BaseRuntime, denoTarget, pinnedVersion, sha256 } from "./base_runtime.ts";
import { bundle } from "./bundle.ts";
import { runOrThrow } from "./command.ts";
import { ignoreVariables } from "./ignore_variables.ts";
import { lowerGlibc } from "./lower_glibc.ts";

/**
 * Less memory for a little CPU: an extension shares the function's memory, and V8 sizes its heap by the machine's.
 * Only flags compiled in count; the environment's are not read. The compilers stay, but begin late. Without the second
 * one (Maglev) decoding is three times slower; it begins ten times later than by default: started during a cold start,
 * it costs 4 MB for a function that never gets hot. The third one (TurboFan) takes a quarter to a third off the CPU of
 * what is busy; it begins thirty times later than by default, when what it takes for that (0.1 s in all on another
 * thread, 5 MB of pages of the file) has its use. Maglev with more inlining gains nothing that shows.
 * `--optimize-for-size` lets the heap grow in small steps, which keeps 3 MB after a thousand invocations; by 20 % at a
 * time it would cost a flood of log lines a quarter more CPU, by 40 % it does not. `--bytecode-old-age` lets code go that
 * was not run between three collections, not six: 2 MB that only the start has needed. A collection beside
 * others' work, marked in steps, ends in a pause of up to 20 ms here, as buffers come faster than it marks; in one go it
 * takes half of that, and no CPU of another thread. `--expose-gc` costs nothing: the
 * memory guard asks for a collection before it gives up data.
 *
 * The last three are for users' regular expressions, see `src/linear_regexp.ts`: one that backtracks so often goes on in
 * V8's engine of linear time. Without them `^(a+)+$` takes a day for 45 letters. The first of them lets expressions
 * ask for that engine by the flag `l`, as `src/bounded_pattern.ts` does.
 */
const V8_FLAGS = [
  "--max-semi-space-size=1",
  "--optimize-for-size",
  "--heap-growing-percent=40",
  "--bytecode-old-age=3",
  "--no-incremental-marking",
  "--invocation-count-for-maglev=4000",
  "--invocation-count-for-turbofan=100000",
  "--expose-gc",
  "--enable-experimental-regexp-engine",
  "--enable-experimental-regexp-engine-on-excessive-backtracks",
  "--regexp-backtracks-before-fallback=20000",
];

/**
 * `--no-code-cache`: it would go to `/tmp`, which is empty at each cold start and shared with the function.
 * `--no-prompt`: a missing permission must throw, never wait for a keyboard.
 */
const COMPILE_FLAGS = ["--no-check", "--no-code-cache", "--no-prompt", "--no-lock", "-P"];

/** SHA-256 of the pinned base runtime after all edits: an edit that comes out otherwise ships nothing. */
const EDITED_SHA256: Readonly<Record<Arch, string>> = {
  amd64: "82e906330beb71bd87478e5fa9fb6e3a049cb7c32d47102efcfb2b61c7e07479",
  arm64: "3de14a85e32789fb31c796f11f64791eebcf4e6e76d9d8d37b95fcbe2a3e916d",
};

/** Everything besides sources and base runtime that shapes the executable. */
export const BUILD_FLAGS: readonly string[] = [...COMPILE_FLAGS, ...V8_FLAGS];

export interface CompileOptions {
  readonly root: string;
  /** Folder for what lies between source and executable. Emptied first. */
  readonly workDir: string;
  readonly arch: Arch;
  readonly runtime: BaseRuntime;
  /** @default "src/main.ts" */
  readonly entry?: string;
}

/** Compiles the extension and returns the executable's path, which is `workDir`/datakit. Throws with Deno's message. */
export async function compile(options: CompileOptions): Promise<string> {
  const { root, workDir, arch, runtime, entry = "src/main.ts" } = options;
  await Deno.remove(workDir, { recursive: true }).catch(() => {});
  await Deno.mkdir(workDir, { recursive: true });
  await bundle(root, entry, workDir);
  await Deno.writeTextFile(`${workDir}/deno.json`, await compileConfig(root));
  const runtimePath = `${workDir}/denort`;
  await Deno.writeFile(runtimePath, await editedRuntime(arch, runtime), { mode: 0o755 });
  await runOrThrow(
    Deno.execPath(),
    [
      "compile",
      "--quiet",
      ...COMPILE_FLAGS,
      `--v8-flags=${V8_FLAGS.join(",")}`,
      "--target",
      denoTarget(arch),
      "--config",
      "deno.json",
      "--output",
      "datakit",
      "main.js",
    ],
    { cwd: workDir, env: { DENORT_BIN: runtimePath } },
  );
  await Deno.remove(runtimePath);
  return `${workDir}/datakit`;
}

/** The base runtime for Amazon Linux 2 too, and for any environment. What is edited is the very file that was verified. */
async function editedRuntime(arch: Arch, { path, sha256: wanted }: BaseRuntime): Promise<Uint8Array> {
  const file = await Deno.readFile(path);
  requireHash(`base runtime ${path}`, file, wanted);
  const edited = ignoreVariables(lowerGlibc(file));
  if (pinnedVersion(arch, wanted) !== undefined) {
    requireHash(`edited base runtime for ${arch}`, edited, EDITED_SHA256[arch]);
  }
  return edited;
}

function requireHash(what: string, bytes: Uint8Array, wanted: string): void {
  const hash = sha256(bytes);
  if (hash === wanted) return;
  throw new Error(`Cannot trust the ${what} as its SHA-256 must be ${wanted}: current value is ${hash}`);
}

/** Only what the executable needs: a new test dependency in deno.json must not change the layer. */
async function compileConfig(root: string): Promise<string> {
  const config: Record<string, unknown> = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  if (config.compile === undefined) {
    throw new Error("Cannot compile as deno.json names no permissions under compile");
  }
  return JSON.stringify({ unstable: config.unstable, compile: config.compile });
}
