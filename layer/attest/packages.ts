/** Which npm packages are inside the executable, and what they say of themselves. */
import { runOrThrow } from "../build/command.ts";
import type { LockedPackage } from "./lock_file.ts";

/** What a package's own `package.json` says. */
export interface PackageFacts {
  /** SPDX expression; undefined when it names none. */
  readonly license: string | undefined;
  /** Names of the scripts that npm would run when the package is installed. */
  readonly installScripts: readonly string[];
}

/** A package with both. */
export type KnownPackage = LockedPackage & PackageFacts;

const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"];
/** A module's path in Deno's cache, as the bundler's source maps name it: registry, package, version. */
const MODULE = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/@]+)\/([^/]+)\//;

/**
 * The packages, as `name@version`, of which the bundle in `workDir` has at least one module, by its source maps.
 * Throws when there are none: a bundle without its maps would pass for one without packages.
 */
export async function bundledPackages(workDir: string): Promise<Set<string>> {
  const found = new Set<string>();
  let maps = 0;
  for await (const { name } of Deno.readDir(workDir)) {
    if (!name.endsWith(".js.map")) continue;
    maps++;
    const { sources = [] }: { sources?: string[] } = JSON.parse(
      await Deno.readTextFile(`${workDir}/${name}`),
    );
    for (const source of sources) {
      const [, packageName, version] = MODULE.exec(source) ?? [];
      if (packageName !== undefined) found.add(`${packageName}@${version}`);
    }
  }
  if (maps === 0) throw new Error(`Cannot tell the bundle's packages as ${workDir} has no source maps`);
  return found;
}

/** Folder of Deno's npm cache, where every package of the lock file lies that was used on this machine. */
export async function npmCacheDir(): Promise<string> {
  const info: Record<string, unknown> = JSON.parse(
    (await runOrThrow(Deno.execPath(), ["info", "--json"])).stdout,
  );
  if (typeof info["npmCache"] !== "string") throw new Error("Cannot find Deno's npm cache: it names none");
  return info["npmCache"];
}

/** What the package says of itself; undefined when it is not in the cache. */
export async function readPackageFacts(
  cacheDir: string,
  { name, version }: LockedPackage,
): Promise<PackageFacts | undefined> {
  for await (const registry of Deno.readDir(cacheDir)) {
    const path = `${cacheDir}/${registry.name}/${name}/${version}/package.json`;
    const text = await Deno.readTextFile(path).catch(() => undefined);
    if (text !== undefined) return packageFacts(JSON.parse(text));
  }
  return undefined;
}

function packageFacts(manifest: Record<string, unknown>): PackageFacts {
  const { license, scripts } = manifest;
  const names = typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [];
  return {
    license: typeof license === "string" && license !== "" ? license : undefined,
    installScripts: INSTALL_SCRIPTS.filter((script) => names.includes(script)),
  };
}
