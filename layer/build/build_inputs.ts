/** What the layers are built from: every file that can change them, and the commit that holds them. */
import { run } from "./command.ts";
import { sha256 } from "./base_runtime.ts";

/** Sources of the extension and of this build: the rooms of layer/ that publish and attach it cannot change it. */
const INPUTS = ["src", "layer/formats", "layer/build", "layer/attest", "build.ts", "deno.json", "deno.lock"];

/** A file that the build reads. */
export interface BuildInput {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly sha256: string;
}

/** State of the checkout. */
export interface Revision {
  /** In hexadecimal digits. */
  readonly commit: string;
  /** Whether each input is as the commit has it. */
  readonly isClean: boolean;
}

/** The inputs in `root` with their hashes, in a fixed order. Throws when one of them cannot be read. */
export async function readInputs(root: string): Promise<BuildInput[]> {
  const inputs: BuildInput[] = [];
  for (const input of INPUTS) {
    for (const path of await sourceFiles(root, input)) {
      inputs.push({ path, sha256: sha256(await Deno.readFile(`${root}/${path}`)) });
    }
  }
  return inputs;
}

/** The commit that is checked out in `root`; undefined where there is no git or no repository. */
export async function readRevision(root: string): Promise<Revision | undefined> {
  const head = await run("git", ["rev-parse", "HEAD"], { cwd: root });
  const commit = head.stdout.trim();
  if (!head.success || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const status = await run("git", ["status", "--porcelain", "--", ...INPUTS], { cwd: root });
  return { commit, isClean: status.success && status.stdout === "" };
}

/** The file itself, or a folder's sources at any depth, in a fixed order. */
async function sourceFiles(root: string, path: string): Promise<string[]> {
  if (!(await Deno.stat(`${root}/${path}`)).isDirectory) return [path];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${path}`)) {
    if (isDirectory) found.push(...await sourceFiles(root, `${path}/${name}`));
    else if (name.endsWith(".ts")) found.push(`${path}/${name}`);
  }
  return found.sort();
}
