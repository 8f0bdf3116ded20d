/** Anyone must be able to build a layer again and get the very bytes of ours, wherever and whenever that is. */
import { assertEquals } from "@std/assert";
import { type Arch, findBaseRuntime } from "../../../layer/build/base_runtime.ts";
import { runOrThrow } from "../../../layer/build/command.ts";
import { verifyLayer } from "../../../layer/attest/verify_layer.ts";
import { scenario } from "../../support/scenario.ts";

const ROOT = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const SOURCES = ["build.ts", "deno.json", "deno.lock", "src", "layer"];
const ARCHS: readonly Arch[] = ["amd64", "arm64"];
const SUFFIXES = ["", ".sha256", ".cdx.json", ".intoto.json"];

scenario(
  "two clean builds on different paths, in different zones, give the same bytes and attestations",
  async (t) => {
    const parent = await Deno.makeTempDir({ prefix: "datakit-again-" });
    try {
      const runtimes = {
        DENORT_BIN_X64: (await findBaseRuntime("amd64", `${ROOT}/.cache`, () => {})).path,
        DENORT_BIN_ARM64: (await findBaseRuntime("arm64", `${ROOT}/.cache`, () => {})).path,
      };
      const one = `${parent}/one`;
      const other = `${parent}/another place/deeper`;
      await copySources(one);
      await copySources(other);
      await build(one, { ...runtimes, TZ: "UTC", LANG: "C" });
      await build(other, { ...runtimes, TZ: "Asia/Shanghai", LANG: "zh_CN.UTF-8" });
      for (const arch of ARCHS) {
        for (const suffix of SUFFIXES) {
          const name = `datakit_aws_extension-linux-${arch}.zip${suffix}`;
          await t.step(name, async () => {
            assertEquals(await digest(`${one}/layer/${name}`), await digest(`${other}/layer/${name}`));
          });
        }
        await t.step(`${arch}: verified in the place of the other build`, async () => {
          const results = await verifyLayer(`${one}/layer/datakit_aws_extension-linux-${arch}.zip`, other);
          assertEquals(results.filter(({ verdict }) => verdict !== "ok").map(({ what }) => what), [
            "commit",
            "sources",
            "signature",
          ]);
          const sources = results.find(({ what }) => what === "sources")?.details;
          assertEquals(sources?.endsWith("deno task build must give these very bytes"), true, sources);
        });
      }
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
);

async function build(root: string, env: Readonly<Record<string, string>>): Promise<void> {
  await runOrThrow(Deno.execPath(), ["run", "-P", "--frozen", "build.ts"], { cwd: root, env });
}

/** Sources only: nothing that an earlier build left behind. Deno's module cache is shared, as the lock file pins it. */
async function copySources(target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  const { stdout } = await runOrThrow(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ...SOURCES],
    { cwd: ROOT },
  );
  for (const path of stdout.split("\0")) {
    if (path === "") continue;
    await Deno.mkdir(`${target}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    // A file that was removed is listed until its removal is committed.
    await Deno.copyFile(`${ROOT}/${path}`, `${target}/${path}`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function digest(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}
