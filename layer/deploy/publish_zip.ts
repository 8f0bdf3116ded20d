/** Looks at a layer's zip before it is published: a wrong one would break every function that takes it. */
import { createHash } from "node:crypto";
import { neededGlibc } from "./aws_runtimes.ts";
import type { Arch } from "../build/base_runtime.ts";
import { readElf } from "../formats/elf.ts";
import { readZip } from "../formats/zip_reader.ts";

/** A layer's zip, looked at. */
export interface LayerZip {
  readonly arch: Arch;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 in hexadecimal digits, as in the `.sha256` file. */
  readonly sha256: string;
  /** SHA-256 in Base64, as Lambda tells it. */
  readonly codeSha256: string;
  /** What it takes of a function's 250 MB, in bytes. */
  readonly unpackedBytes: number;
  /** The oldest glibc that the executable starts on, for example `2.27`. */
  readonly glibc: string;
}

const EXECUTABLE = "extensions/datakit";
/** Regular file, all may read and execute, only the owner may write. */
const EXECUTABLE_MODE = 0o100755;

/**
 * Takes stock of the zip, which must hold our executable for `arch`, executable by all, and no other extension.
 * Throws with the reason otherwise.
 */
export function inspectLayerZip(arch: Arch, bytes: Uint8Array<ArrayBuffer>): LayerZip {
  const files = readZip(bytes);
  const refusal = (why: string): Error => new Error(`Cannot publish the ${arch} layer as ${why}`);
  const extensions = files.filter(({ name }) => name.startsWith("extensions/")).map(({ name }) => name);
  const executable = files.find(({ name }) => name === EXECUTABLE);
  if (executable === undefined || extensions.length !== 1) {
    // Lambda starts every file of that folder, and a function whose extension cannot start does not run.
    throw refusal(`it must hold ${EXECUTABLE} alone: it has [${extensions.join(", ")}]`);
  }
  if (executable.mode !== EXECUTABLE_MODE) {
    throw refusal(`its executable must have mode 100755: it has ${executable.mode.toString(8)}`);
  }
  const { machine } = readElf(executable.contents);
  if (machine !== arch) throw refusal(`its executable is for ${machine}`);
  const hash = createHash("sha256").update(bytes).digest();
  return {
    arch,
    bytes,
    sha256: hash.toString("hex"),
    codeSha256: hash.toString("base64"),
    unpackedBytes: files.reduce((sum, { contents }) => sum + contents.length, 0),
    glibc: neededGlibc(executable.contents),
  };
}
