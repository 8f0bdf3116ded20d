/** Small layers for tests: the real ones' shape with an executable of a few hundred bytes, and the tools run on them. */
import { run } from "../../layer/build/command.ts";
import { writeZip } from "../../layer/formats/zip.ts";
import { elfFixture, HASH } from "../layer/formats/elf_fixture.ts";
import { offlineEnv } from "./tools.ts";

/** For the slowest tool with hundreds of functions on a busy machine. */
const TOOL_LIMIT_MS = 300_000;
const ROOT = new URL("../../", import.meta.url).pathname;

/** What a tool said, and how it ended. */
export interface Told {
  readonly code: number;
  readonly text: string;
}

/** A folder with both zips and room for the list of ARNs. Disposing of it removes it. */
export interface LayerFolder extends AsyncDisposable {
  readonly path: string;
  readonly zips: Readonly<Record<"amd64" | "arm64", Uint8Array<ArrayBuffer>>>;
  /** Replaces the zips with others. */
  change(salt: string): Promise<void>;
}

/** Layers whose bytes depend on `salt`. */
export async function createLayerFolder(salt: string): Promise<LayerFolder> {
  const path = await Deno.makeTempDir({ prefix: "datakit-publish-" });
  const zips = { amd64: new Uint8Array(), arm64: new Uint8Array() };
  const folder = {
    path,
    zips,
    async change(next: string): Promise<void> {
      for (const arch of ["amd64", "arm64"] as const) {
        zips[arch] = zipFor(arch, next);
        await Deno.writeFile(`${path}/datakit_aws_extension-linux-${arch}.zip`, zips[arch]);
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(path, { recursive: true });
    },
  };
  await folder.change(salt);
  return folder;
}

/** A layer's zip for Lambda's machines, with a program of a few hundred bytes. */
export function zipFor(
  arch: "amd64" | "arm64",
  salt: string,
  { mode = 0o755, name = "extensions/datakit", newest = "GLIBC_2.25" }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const { file } = elfFixture({
    machine: arch === "amd64" ? 0x3e : 0xb7,
    libraries: [{ name: "libc.so.6", versions: [[newest, HASH[newest], 2]] }],
    symbols: [{ name: "write", version: 2 }],
  });
  return writeZip([
    { name, contents: file, mode },
    { name: "datakit/salt", contents: new TextEncoder().encode(salt), mode: 0o644 },
  ]);
}

export interface ZipOptions {
  readonly mode?: number;
  readonly name?: string;
  readonly newest?: "GLIBC_2.25" | "GLIBC_2.27";
}

/** Runs `deno task publish` as a user does. */
export async function publish(endpoint: string, folder: string, ...args: string[]): Promise<Told> {
  return await runTool("publish", endpoint, ["--folder", folder, ...args]);
}

/** Runs one of the AWS tools with nothing but the emulator in reach. */
export async function runTool(
  name: "publish" | "attach",
  endpoint: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const result = await run(Deno.execPath(), ["task", "--quiet", name, "--", ...args], {
    cwd: ROOT,
    env: { ...offlineEnv(endpoint), ...env },
    signal: AbortSignal.timeout(TOOL_LIMIT_MS),
  });
  return { code: result.code, text: `${result.stdout}\n${result.stderr}` };
}
