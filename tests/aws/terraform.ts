/**
 * Terraform, or OpenTofu built from its Go modules where the machine has no Terraform. No provider can be had here,
 * so that only a module without one can be planned; everything else is parsed and formatted.
 */
import { run, runOrThrow } from "../../layer/build/command.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const OPENTOFU = "github.com/opentofu/opentofu@v1.10.7";
/** Nothing of this machine's owner, and no look-ups of new versions. */
const ENV = { TF_CLI_CONFIG_FILE: "/dev/null", CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
const BUILD_LIMIT_MS = 20 * 60_000;

/** Runs it in `folder`. Throws with its words when it fails. */
export async function terraform(folder: string, ...args: string[]): Promise<string> {
  return (await runOrThrow(await program(), args, { cwd: folder, env: ENV })).stdout;
}

/** The program to run. Throws with what this machine lacks. */
async function program(): Promise<string> {
  if ((await run("terraform", ["version"], { env: ENV })).success) return "terraform";
  const target = `${ROOT}.cache/aws-tools/tofu`;
  await Deno.mkdir(`${ROOT}.cache/aws-tools`, { recursive: true });
  using lock = await Deno.open(`${target}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await Deno.stat(target).then(() => true, () => false)) return target;
  if (!(await run("go", ["version"])).success) {
    throw new Error("THE TERRAFORM EXAMPLE CANNOT BE TESTED: neither terraform nor go is there");
  }
  // deno-lint-ignore no-console
  console.log("Building OpenTofu, once, for some minutes ...");
  const signal = AbortSignal.timeout(BUILD_LIMIT_MS);
  const { stdout } = await runOrThrow("go", ["mod", "download", "-json", OPENTOFU], { cwd: "/", signal });
  const { Dir }: { Dir: string } = JSON.parse(stdout);
  // Its go.mod replaces a module, which "go install" of a version refuses; and nothing is built in the module cache.
  const source = await Deno.makeTempDir({ prefix: "datakit-tofu-" });
  try {
    await runOrThrow("cp", ["-r", "--no-preserve=mode", `${Dir}/.`, source]);
    const args = ["build", "-trimpath", "-ldflags=-s -w", "-o", target, "./cmd/tofu"];
    await runOrThrow("go", args, { cwd: source, signal });
  } finally {
    await Deno.remove(source, { recursive: true });
  }
  return target;
}
