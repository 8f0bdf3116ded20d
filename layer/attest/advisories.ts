/** Asks npm's registry for known advisories of the locked packages. */
import { run } from "../build/command.ts";
import { type CheckResult, checkResult, listOf, pick } from "./check_result.ts";
import type { LockedPackage } from "./lock_file.ts";

/** An answer takes about a second. Without a network npm tries for minutes. In ms. */
const PATIENCE_MS = 30_000;
const WHAT = "advisories";

/** Known advisories; one note when the registry gives no answer, since that is not the packages' fault. */
export async function askAdvisories(packages: readonly LockedPackage[]): Promise<CheckResult[]> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-audit-" });
  try {
    for (const [name, manifest] of Object.entries(npmManifests(packages))) {
      await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(manifest));
    }
    const args = ["audit", "--package-lock-only", "--json", "--fetch-retries=0"];
    const { stdout, stderr } = await run("npm", args, {
      cwd: folder,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return readAdvisories(stdout, stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Takes npm's answer apart. What is not an answer, such as an error of the registry, becomes a note. */
export function readAdvisories(stdout: string, stderr: string): CheckResult[] {
  const answer = parse(stdout);
  const vulnerable = pick(answer, "vulnerabilities");
  if (typeof vulnerable !== "object" || vulnerable === null) {
    const why = pick(answer, "message") ?? stderr.split("\n").at(-1) ?? "";
    return [
      checkResult("note", WHAT, `NOT CHECKED, the registry gives no answer: ${withoutUrls(String(why))}`),
    ];
  }
  const found = Object.entries(vulnerable).map(([name, entry]) => {
    const titles = listOf(pick(entry, "via")).map((via) => pick(via, "title") ?? via).join("; ");
    return checkResult("WRONG", WHAT, `${name}, ${pick(entry, "severity")}: ${titles}`);
  });
  return found.length > 0 ? found : [checkResult("ok", WHAT, "the registry knows of none")];
}

/** What npm needs to ask for exactly these packages: every one is made a direct dependency. */
function npmManifests(packages: readonly LockedPackage[]): Readonly<Record<string, unknown>> {
  const own = { name: "audit", version: "1.0.0", private: true };
  // Two versions of one package cannot both be direct; the rule against duplicates finds these.
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const locked = packages.map(({ name, version }) => [`node_modules/${name}`, { version }]);
  return {
    "package.json": { ...own, dependencies },
    "package-lock.json": {
      name: own.name,
      version: own.version,
      lockfileVersion: 3,
      requires: true,
      packages: { "": { ...own, dependencies }, ...Object.fromEntries(locked) },
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The address may be a company's own, with a token in it. */
function withoutUrls(text: string): string {
  return text.replaceAll(/https?:\/\/\S+/g, "<registry>");
}
