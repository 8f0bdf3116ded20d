/**
 * Third-party tools that judge our work: moto, cfn-lint, SAM, an HCL parser (PyPI), CDK and osls (npm). Installed
 * once under .cache/, pinned in requirements.txt and in `NPM_PACKAGES`.
 */
import { createHash } from "node:crypto";
import { run, runOrThrow } from "../../layer/build/command.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const REQUIREMENTS = `${ROOT}tests/aws/requirements.txt`;
const CACHE = `${ROOT}.cache/aws-tools`;
/** osls is Serverless Framework 3, maintained on: the original's version 4 does nothing without a login. */
const NPM_PACKAGES = ["aws-cdk-lib@2.276.0", "constructs@10.8.1", "osls@4.3.1"];
const INSTALL_LIMIT_MS = 15 * 60_000;

/** Folder of the Python tools' executables. Throws with what is missing on this machine. */
export async function pythonTools(): Promise<string> {
  const folder = await installed(await Deno.readTextFile(REQUIREMENTS), "python", async (target) => {
    if (!(await run("python3", ["--version"])).success) {
      throw new Error("THE AWS TOOLS CANNOT BE TESTED: python3 is missing");
    }
    await createVenv(target);
    const args = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", REQUIREMENTS];
    await runOrThrow(`${target}/bin/python`, args, limited());
  });
  return `${folder}/bin`;
}

/** Folder that holds `node_modules` with the npm tools. */
export async function npmTools(): Promise<string> {
  return await installed(NPM_PACKAGES.join(), "npm", async (target) => {
    await Deno.mkdir(target, { recursive: true });
    await Deno.writeTextFile(`${target}/package.json`, "{}");
    const args = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", ...NPM_PACKAGES];
    await runOrThrow("npm", args, { cwd: target, ...limited() });
  });
}

/** Environment in which no tool finds AWS, credentials of this machine, or its owner's metrics. */
export function offlineEnv(endpoint = "http://127.0.0.1:1"): Record<string, string> {
  // An empty name would be a profile that cannot be found.
  Deno.env.delete("AWS_PROFILE");
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "TEST-aws",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_SESSION_TOKEN: "",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    SAM_CLI_TELEMETRY: "0",
    SLS_NOTIFICATIONS_MODE: "off",
    SLS_TELEMETRY_DISABLED: "1",
    CDK_DISABLE_CLI_TELEMETRY: "true",
    ENV_DATAWAY: "",
  };
}

/** Debian keeps venv in a package of its own; a CI machine may add it. */
async function createVenv(target: string): Promise<void> {
  const args = ["-m", "venv", "--clear", target];
  const first = await run("python3", args, limited());
  if (first.success) return;
  const isRoot = Deno.uid() === 0 && Deno.env.get("CI") !== undefined;
  if (isRoot) {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update", "-qq"], { env, ...limited() });
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "python3-venv"], {
      env,
      ...limited(),
    });
    if ((await run("python3", args, limited())).success) return;
  }
  throw new Error(
    `THE AWS TOOLS CANNOT BE TESTED: python3 -m venv does not work (on Debian: apt install python3-venv): ${first.stderr}`,
  );
}

/** The folder for what `pins` name, filled by `install` if it is not there whole. Other processes wait. */
async function installed(
  pins: string,
  name: string,
  install: (target: string) => Promise<void>,
): Promise<string> {
  await Deno.mkdir(CACHE, { recursive: true });
  const target = `${CACHE}/${name}-${createHash("sha256").update(pins).digest("hex").slice(0, 12)}`;
  using lock = await Deno.open(`${target}.lock`, { create: true, write: true });
  await lock.lock(true);
  const done = `${target}/.done`;
  if (await Deno.stat(done).then(() => true, () => false)) return target;
  // deno-lint-ignore no-console
  console.log(`Installing the ${name} tools, once, for one or two minutes ...`);
  await install(target);
  await Deno.writeTextFile(done, "");
  return target;
}

function limited(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(INSTALL_LIMIT_MS) };
}
