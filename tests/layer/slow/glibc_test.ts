/**
 * The executables on Amazon Linux 2's terms: no need above glibc 2.25, by our own reader and by binutils', and a
 * whole lifecycle with a C library that knows no GLIBC_2.27.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { type Arch, findBaseRuntime } from "../../../layer/build/base_runtime.ts";
import { run } from "../../../layer/build/command.ts";
import { readVersions } from "../../../layer/formats/version_needs.ts";
import { CONFORMANCE } from "../../scenarios/conformance.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { runLifecycle } from "./lifecycle.ts";
import { copyOldGlibc } from "./old_glibc.ts";

const ROOT = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const ARCHS: readonly Arch[] = ["amd64", "arm64"];
/** Of the symbols that asked for 2.27. */
const UNVERSIONED: Readonly<Record<Arch, string>> = {
  amd64:
    "copy_file_range (weak), exp2f, expf, log2f, logf, pkey_alloc (weak), pkey_free (weak), pkey_get (weak), pkey_mprotect (weak), pkey_set (weak), powf",
  arm64: "copy_file_range (weak), exp2f, expf, log2f, logf, powf",
};
/** Where Debian has the C library; on other systems, and without the emulator, the lifecycle on it is left out. */
const LIBRARIES: Readonly<Record<Arch, string>> = {
  amd64: "/lib/x86_64-linux-gnu",
  arm64: "/lib/aarch64-linux-gnu",
};
const EMULATOR: Readonly<Record<Arch, string>> = { amd64: "", arm64: "qemu-aarch64-static" };

for (const arch of ARCHS) {
  scenario(`executable for ${arch} needs no version above glibc 2.25`, async () => {
    const { libraries, symbols } = readVersions(await Deno.readFile(await buildBinary({ arch })));
    const minors = libraries.flatMap(({ versions }) => versions.map(({ version }) => version))
      .filter((version) => version.startsWith("GLIBC_"))
      .map((version) => Number(version.split(".")[1]));
    assertEquals(Math.max(...minors), 25);
    const before = await findBaseRuntime(arch, `${ROOT}/.cache`, () => {});
    const removed = readVersions(await Deno.readFile(before.path));
    const indices = removed.libraries.flatMap(({ versions }) =>
      versions.filter(({ version }) => version === "GLIBC_2.27").map(({ index }) => index)
    );
    const names = new Set(
      removed.symbols.filter(({ versionIndex }) => indices.includes(versionIndex)).map(({ name }) => name),
    );
    const edited = symbols.filter(({ name, versionIndex }) => names.has(name) && versionIndex === 1)
      .map(({ name, isWeak }) => `${name}${isWeak ? " (weak)" : ""}`);
    assertEquals(edited.sort().join(", "), UNVERSIONED[arch]);
  });

  const binutils = "readelf";
  scenario(`executable for ${arch} needs no version above glibc 2.25 by readelf's account`, async () => {
    const path = await buildBinary({ arch });
    const { code, stdout: text, stderr } = await run(binutils, ["-VW", path]);
    // Of a program that cannot be started at all.
    if (code === -1) return say("readelf is not installed: only our own reader was asked");
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(text, "Name: GLIBC_2.25");
    assertEquals(text.match(/GLIBC_2\.(2[6-9]|[3-9]\d)/g), null);
  });

  scenario(
    `executable for ${arch} runs where GLIBC_2.27 is unknown, the unedited one does not start`,
    async (t) => {
      if (!await isThere(`${LIBRARIES[arch]}/libm.so.6`) || !await canStart(EMULATOR[arch])) {
        return say(`${arch}: no C library or no emulator here: the lifecycle on an old glibc was left out`);
      }
      const folder = await Deno.makeTempDir({ prefix: "datakit-glibc-" });
      try {
        await copyOldGlibc(LIBRARIES[arch], folder);
        const binary = await buildBinary({ arch });
        await t.step("unedited", async () => {
          const output = await runVersion(await wrap(arch, folder, await unedited(arch, folder, binary)));
          assert(!output.success);
          assertStringIncludes(output.stderr, "version `GLIBC_2.27' not found");
        });
        // A copy, because it is started as nobody, who may have no way into the project's folder. The name is
        // kept: it registers by it.
        await Deno.mkdir(`${folder}/edited`, { mode: 0o755 });
        await Deno.copyFile(binary, `${folder}/edited/datakit`);
        const wrapper = await wrap(arch, folder, `${folder}/edited/datakit`);
        await t.step("edited", async () => {
          const output = await runVersion(wrapper);
          assert(output.success, output.stderr);
          assertMatch(output.stdout, /^\d+\.\d+\.\d+\n$/);
        });
        await t.step("register, an invocation, SHUTDOWN", async () => {
          await Deno.chmod(folder, 0o755);
          await runLifecycle([wrapper], folder);
        });
        if (arch === "arm64") return; // an emulated start takes longer than the emulated Lambda waits
        const start = startExecutable(wrapper);
        for (const { name, run } of CONFORMANCE) {
          await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

/** The executable as it would be without the edit: Deno's own runtime before the same payload. */
async function unedited(arch: Arch, folder: string, binary: string): Promise<string> {
  const { path } = await findBaseRuntime(arch, `${ROOT}/.cache`, () => {});
  const file = await Deno.readFile(binary);
  file.set(await Deno.readFile(path));
  await Deno.writeFile(`${folder}/unedited`, file, { mode: 0o755 });
  return `${folder}/unedited`;
}

/** A script that starts `binary` with the libraries in `folder`, named like the extension. */
async function wrap(arch: Arch, folder: string, binary: string): Promise<string> {
  await Deno.writeTextFile(
    `${folder}/datakit`,
    arch === "amd64"
      ? `#!/bin/sh\nLD_LIBRARY_PATH='${folder}' exec '${binary}' "$@"\n`
      : `#!/bin/sh\nexec ${EMULATOR[arch]} -E LD_LIBRARY_PATH='${folder}' '${binary}' "$@"\n`,
    { mode: 0o755 },
  );
  return `${folder}/datakit`;
}

interface Output {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function runVersion(path: string): Promise<Output> {
  const { success, stdout, stderr } = await new Deno.Command(path, {
    args: ["--version"],
    signal: AbortSignal.timeout(120_000),
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function canStart(command: string): Promise<boolean> {
  if (command === "") return Deno.build.arch === "x86_64";
  return (await run(command, ["--version"])).success;
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
