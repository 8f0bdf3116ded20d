/** What we ask of every package we depend on. */
import { type CheckResult, checkResult, pick } from "./check_result.ts";
import type { KnownPackage } from "./packages.ts";

/** Licences that ask for no more than their notice. */
const LICENSES: ReadonlySet<string> = new Set([
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "0BSD",
  "MIT-0",
  "Unlicense",
  "BlueOak-1.0.0",
]);
/** An exact version: no range, no tag. */
const PINNED = /^npm:(?:@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\/.+)?$/;

/**
 * Whether every import of a deno.json is one of our own files or a package with an exact version, and whether no
 * package may run scripts when it is installed.
 */
export function checkPins(config: unknown): CheckResult[] {
  const imports = Object.entries(new Object(pick(config, "imports") ?? {}));
  const loose = imports.filter(([, target]) => {
    const text = String(target);
    return !text.startsWith("./") && !PINNED.test(text);
  });
  return [
    loose.length === 0
      ? checkResult("ok", "pins", `each of ${imports.length} imports names an exact version or an own file`)
      : checkResult("WRONG", "pins", `without an exact version: ${loose.map(([name]) => name).join(", ")}`),
    pick(config, "allowScripts") === undefined
      ? checkResult("ok", "install scripts", "Deno runs none: deno.json allows none")
      : checkResult("WRONG", "install scripts", "deno.json allows packages to run scripts: allowScripts"),
  ];
}

/** One result for each package, with all that is wrong with it. */
export function checkPackages(packages: readonly KnownPackage[]): CheckResult[] {
  return packages.map((entry) => {
    const { name, version, license, sha512, installScripts, hasInstallScript, isDeprecated } = entry;
    const wrongs = [
      ...(isAllowed(license) ? [] : [`licence ${license ?? "not told"}`]),
      ...(sha512 === undefined ? ["no SHA-512 in deno.lock"] : []),
      ...(hasInstallScript || installScripts.length > 0 ? [`has install scripts: ${installScripts}`] : []),
      ...(isDeprecated ? ["deprecated"] : []),
      ...packages.filter((other) => other !== entry && other.name === name)
        .map((other) => `also there as ${other.version}`),
    ];
    const what = `${name} ${version}`;
    return wrongs.length === 0
      ? checkResult("ok", what, `${license}, hash pinned, no install script`)
      : checkResult("WRONG", what, wrongs.join("; "));
  });
}

/** Of alternatives one must be allowed, of a combination all. */
function isAllowed(license: string | undefined): boolean {
  if (license === undefined) return false;
  return license.replace(/[()]/g, "").split(" OR ")
    .some((alternative) => alternative.split(" AND ").every((part) => LICENSES.has(part.trim())));
}
