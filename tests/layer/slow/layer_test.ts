/**
 * The layer as a user gets it: unpacked from the zip and started the way Lambda starts it, without a home, on a
 * folder that cannot be written, against a platform that only speaks the three calls of an extension's lifecycle.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { buildLayer } from "../../../build.ts";
import { type Arch, findBaseRuntime } from "../../../layer/build/base_runtime.ts";
import { run } from "../../../layer/build/command.ts";
import { compile } from "../../../layer/build/compile.ts";
import { scenario } from "../../support/scenario.ts";
import { runLifecycle } from "./lifecycle.ts";
import { readZip } from "../../../layer/formats/zip_reader.ts";

const ROOT = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const QEMU = "qemu-aarch64-static";
const ARCHS: readonly Arch[] = ["amd64", "arm64"];

for (const arch of ARCHS) {
  scenario(`layer for ${arch} holds one executable and nothing else`, async () => {
    const layer = await buildLayer(arch);
    const entries = readZip(await Deno.readFile(layer.path));
    assertEquals(entries.map(({ name }) => name), ["extensions/datakit"]);
    assertEquals(entries.map(({ mode }) => mode), [0o100755]);
    assertEquals(entries.map(({ madeByHost }) => madeByHost), [3]);
    // ELF's machine number: 0x3e is x86-64, 0xb7 is AArch64.
    assertEquals(entries[0]?.contents[18], arch === "amd64" ? 0x3e : 0xb7);
    assert(layer.sizeBytes <= 50 * 1024 * 1024, `${layer.sizeBytes} bytes`);
    assertEquals(
      await Deno.readTextFile(`${layer.path}.sha256`),
      `${layer.sha256}  ${layer.path.split("/").at(-1)}\n`,
    );
  });
}

scenario("the sizes that the documents give are those of the layers", async () => {
  const sizes = await Promise.all(ARCHS.map(async (arch) => {
    const { path, sizeBytes } = await buildLayer(arch);
    const [executable] = readZip(await Deno.readFile(path));
    return [sizeBytes, executable?.contents.length ?? 0];
  }));
  for (const document of ["layer/README.md", "src/README.zh.md"]) {
    const text = await Deno.readTextFile(`${ROOT}/${document}`);
    for (const [index, row] of [/^\| zip.*50 MiB.*$/m, /^\| .*`\/opt`.*\d MB.*$/m].entries()) {
      const told = Array.from(row.exec(text)?.[0].matchAll(/([\d.]+) MB/g) ?? [], ([, mb]) => Number(mb));
      assertEquals(told.length, ARCHS.length, document);
      for (const [arch, mb] of told.entries()) {
        assertAlmostEquals(mb, (sizes[arch]?.[index] ?? 0) / 1e6, mb / 100);
      }
    }
  }
});

scenario("compile gives the same bytes in another folder", async () => {
  const folder = await Deno.makeTempDir({ prefix: "datakit-elsewhere-" });
  // Deeper than ours: the bundler's relative paths differ.
  const other = `${folder}${ROOT}/and/deeper`;
  try {
    await Deno.mkdir(other, { recursive: true });
    await copySources(other);
    const runtime = await findBaseRuntime("amd64", `${ROOT}/.cache`, () => {});
    const built = await compile({ root: other, workDir: `${other}/built/deeper`, arch: "amd64", runtime });
    const [ours] = readZip(await Deno.readFile((await buildLayer("amd64")).path));
    assertEquals(await digest(await Deno.readFile(built)), await digest(ours?.contents ?? new Uint8Array()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

scenario("amd64 executable of the zip registers, asks for events and ends with SHUTDOWN", async () => {
  await liveAndDie("amd64", []);
});

const withQemu = await isThere(QEMU);
if (!withQemu) {
  // deno-lint-ignore no-console
  console.log(
    `${QEMU} is not installed: the arm64 executable ${isCi() ? "CANNOT BE" : "is not"} tested here`,
  );
}
Deno.test({
  name: "arm64 executable of the zip registers, asks for events and ends with SHUTDOWN (emulated)",
  ignore: !withQemu && !isCi(),
  fn: async () => {
    assert(withQemu, `Cannot test the arm64 layer as ${QEMU} is missing`);
    await liveAndDie("arm64", [QEMU]);
  },
});

/** Unpacks the zip, takes the executable through one invocation, and looks at what it left behind. */
async function liveAndDie(arch: Arch, emulator: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-layer-" });
  try {
    const executable = await unpack((await buildLayer(arch)).path, folder);
    await runLifecycle([...emulator, executable], folder);
    assertEquals(listing(folder), ["extensions"]);
    assertEquals(listing(`${folder}/extensions`), ["datakit"]);
    assertEquals(listing("/tmp").filter((name) => name.startsWith("deno-compile-datakit")), []);
  } finally {
    await Deno.chmod(folder, 0o755);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Unpacks into `folder`, which then cannot be written, and returns the executable's path. */
async function unpack(zipPath: string, folder: string): Promise<string> {
  const path = `${folder}/extensions/datakit`;
  await Deno.mkdir(`${folder}/extensions`, { mode: 0o755 });
  for (const { name, mode, contents } of readZip(await Deno.readFile(zipPath))) {
    await Deno.writeFile(`${folder}/${name}`, contents);
    await Deno.chmod(`${folder}/${name}`, mode & 0o777);
  }
  await Deno.chmod(folder, 0o555);
  return path;
}

async function copySources(target: string): Promise<void> {
  for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(`${ROOT}/${file}`, `${target}/${file}`);
  const folders = ["src"];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await Deno.mkdir(`${target}/${folder}`);
    for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
      if (isDirectory) folders.push(`${folder}/${name}`);
      else await Deno.copyFile(`${ROOT}/${folder}/${name}`, `${target}/${folder}/${name}`);
    }
  }
}

async function digest(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
}

async function isThere(command: string): Promise<boolean> {
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") return false;
  return (await run(command, ["--version"])).success;
}

function isCi(): boolean {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return false;
  return Deno.env.get("CI") === "true";
}

function listing(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
