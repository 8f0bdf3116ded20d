/**
 * `deno task build`: compiles the extension for both architectures and packs the layer zips.
 * Options: `--arch amd64` or `--arch arm64` for one of them.
 */
import { parseArgs } from "node:util";
import { type Arch, type BaseRuntime, findBaseRuntime, sha256 } from "./layer/build/base_runtime.ts";
import { type BuildInput, readInputs } from "./layer/build/build_inputs.ts";
import type { Log } from "./layer/build/command.ts";
import { BUILD_FLAGS, compile } from "./layer/build/compile.ts";
import { EXECUTABLE } from "./layer/attest/layer_facts.ts";
import { writeAttestations } from "./layer/attest/attestations.ts";
import { asksForHelp, taskArguments } from "./layer/build/task_arguments.ts";
import { writeZip } from "./layer/formats/zip.ts";

const ROOT = import.meta.dirname ?? ".";
const CACHE_DIR = `${ROOT}/.cache`;
const USAGE = `Compiles the extension for both architectures and packs the layer zips under layer/.

  deno task build
  deno task build -- --arch amd64

  --arch <arch>   amd64 or arm64 alone
  --help          this`;
const ARCHS: readonly Arch[] = ["amd64", "arm64"];
/** Lambda's limit of a layer that is uploaded directly. */
const MAX_ZIP_BYTES = 50 * 1024 * 1024;

export interface BuildOptions {
  /** @default "amd64" */
  readonly arch?: Arch;
  /** @default nothing is said */
  readonly log?: Log;
}

/** A packed layer. */
export interface Layer {
  readonly arch: Arch;
  readonly path: string;
  readonly sizeBytes: number;
  readonly binaryBytes: number;
  readonly sha256: string;
}

/**
 * Path of the extension's executable, which is compiled only if an input has changed since the last time.
 * Processes that ask at the same time wait for one another. Throws when it cannot be built.
 */
export async function buildBinary(options: BuildOptions = {}): Promise<string> {
  return (await build(options)).path;
}

/**
 * Packs the layer for `arch` under layer/, unless it is there already, and writes its hash, SBOM and provenance
 * beside it. Throws when it is too big for Lambda.
 */
export async function buildLayer(arch: Arch, log: Log = (): void => {}): Promise<Layer> {
  const { path: binaryPath, runtime, inputs } = await build({ arch, log });
  const binary = await Deno.readFile(binaryPath);
  const name = `datakit_aws_extension-linux-${arch}.zip`;
  const path = `${ROOT}/layer/${name}`;
  const stamp = `${CACHE_DIR}/build/${arch}.zip.stamp`;
  const binaryHash = sha256(binary);
  const packed = await Deno.readFile(path).catch(() => undefined);
  const known = packed === undefined ? undefined : `${binaryHash} ${sha256(packed)}`;
  const upToDate = known !== undefined && known === await Deno.readTextFile(stamp).catch(() => "");
  const zip = upToDate && packed !== undefined ? packed : pack(arch, binary, log);
  const hash = sha256(zip);
  if (!upToDate) await Deno.writeFile(path, zip);
  await writeAttestations({
    root: ROOT,
    workDir: `${CACHE_DIR}/build/${arch}`,
    arch,
    runtime,
    inputs,
    executable: binary,
    zipPath: path,
    zipSha256: hash,
  });
  await Deno.writeTextFile(stamp, `${binaryHash} ${hash}`);
  return { arch, path, sizeBytes: zip.length, binaryBytes: binary.length, sha256: hash };
}

/** An executable and what it was made of. */
interface Binary {
  readonly path: string;
  readonly runtime: BaseRuntime;
  readonly inputs: readonly BuildInput[];
}

async function build({ arch = "amd64", log = (): void => {} }: BuildOptions): Promise<Binary> {
  const runtime = await findBaseRuntime(arch, CACHE_DIR, log);
  const path = `${ROOT}/layer/extensions/${arch}/datakit`;
  const stamp = `${CACHE_DIR}/build/${arch}.stamp`;
  await Deno.mkdir(`${CACHE_DIR}/build`, { recursive: true });
  using lock = await Deno.open(`${CACHE_DIR}/build/${arch}.lock`, { create: true, write: true });
  await lock.lock(true);
  const inputs = await readInputs(ROOT);
  const wanted = fingerprint(runtime.sha256, inputs);
  const binary = { path, runtime, inputs };
  if (await Deno.readTextFile(stamp).catch(() => "") === wanted && await isFile(path)) return binary;

  log(`${arch}: compiling`);
  await Deno.remove(stamp).catch(() => {});
  const built = await compile({ root: ROOT, workDir: `${CACHE_DIR}/build/${arch}`, arch, runtime });
  await Deno.mkdir(`${ROOT}/layer/extensions/${arch}`, { recursive: true });
  await Deno.chmod(built, 0o755);
  await Deno.rename(built, path);
  await Deno.writeTextFile(stamp, wanted);
  return binary;
}

function pack(arch: Arch, binary: Uint8Array, log: Log): Uint8Array {
  log(`${arch}: packing`);
  const zip = writeZip([{ name: EXECUTABLE, contents: binary, mode: 0o755 }]);
  if (zip.length <= MAX_ZIP_BYTES) return zip;
  throw new Error(
    `Cannot upload the ${arch} layer as the limit is ${MAX_ZIP_BYTES} bytes: it has ${zip.length}`,
  );
}

function fingerprint(runtimeSha256: string, inputs: readonly BuildInput[]): string {
  const files = inputs.map(({ path, sha256 }) => `${path} ${sha256}`);
  const parts = [Deno.version.deno, runtimeSha256, ...BUILD_FLAGS, ...files];
  return sha256(new TextEncoder().encode(parts.join("\n")));
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile ?? false;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

async function main(): Promise<void> {
  const args = taskArguments(Deno.args);
  if (asksForHelp(args)) return print(USAGE);
  const { values } = parseArgs({ args, options: { arch: { type: "string" } } });
  const chosen = ARCHS.filter((arch) => values.arch === undefined || values.arch === arch);
  if (chosen.length === 0) {
    throw new Error(`Cannot build for --arch ${values.arch}: it must be amd64 or arm64`);
  }
  const layers: Layer[] = [];
  for (const arch of chosen) layers.push(await buildLayer(arch, print));
  print("");
  for (const { path, sizeBytes, binaryBytes, sha256 } of layers) {
    print(path.slice(ROOT.length + 1));
    print(`  zip ${(sizeBytes / 1e6).toFixed(2)} MB, executable ${(binaryBytes / 1e6).toFixed(2)} MB`);
    print(`  sha256 ${sha256}`);
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    print(`Build failed: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
