/** What is known of a packed layer when it has been built: the one source of its SBOM and its provenance. */
import type { Arch } from "../build/base_runtime.ts";
import type { BuildInput, Revision } from "../build/build_inputs.ts";
import type { KnownPackage } from "./packages.ts";

/** A base runtime before and after the edit of its version needs. */
export interface RuntimeFacts {
  /** Undefined when it is not the pinned release. */
  readonly version: string | undefined;
  /** As Deno released it. */
  readonly sha256: string;
  /** As it is in the executable. */
  readonly editedSha256: string;
}

/** Hashes are SHA-256 in hexadecimal digits where their name does not say otherwise. */
export interface LayerFacts {
  readonly arch: Arch;
  /** Of the extension. */
  readonly version: string;
  /** SPDX expression of our own code, from deno.json; undefined as long as it names none. */
  readonly license: string | undefined;
  readonly zipName: string;
  readonly zipSha256: string;
  readonly executableSha256: string;
  readonly runtime: RuntimeFacts;
  /** Those inside the executable only. */
  readonly packages: readonly KnownPackage[];
  readonly inputs: readonly BuildInput[];
  readonly revision: Revision | undefined;
  /** Flags of compiler and V8. */
  readonly flags: readonly string[];
  /** Of the Deno that built it. */
  readonly denoVersion: string;
  readonly v8Version: string;
}

/** Path of the executable in the layer. */
export const EXECUTABLE = "extensions/datakit";
/** Added to the zip's name. */
export const SBOM_SUFFIX = ".cdx.json";
export const PROVENANCE_SUFFIX = ".intoto.json";
export const SHA256_SUFFIX = ".sha256";
