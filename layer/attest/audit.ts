/**
 * `deno task audit`: checks the packages of deno.lock. All but the advisories is checked offline; a registry that
 * does not answer is told and fails nothing, since whether a network is there says nothing about our packages.
 */
import { asksForHelp, refuseOptions, taskArguments } from "../build/task_arguments.ts";
import { askAdvisories } from "./advisories.ts";
import { type CheckResult, messageOf } from "./check_result.ts";
import { readLockFile } from "./lock_file.ts";
import { checkPackages, checkPins } from "./package_rules.ts";
import { type KnownPackage, npmCacheDir, readPackageFacts } from "./packages.ts";

const USAGE =
  `Checks the packages of deno.lock: licences, install scripts, pins, duplicates, and advisories if the registry answers.
Exit code 1 if a check failed.

  deno task audit`;
const ROOT = `${import.meta.dirname}/../..`;

async function main(): Promise<boolean> {
  const args = taskArguments(Deno.args);
  if (asksForHelp(args)) {
    print(USAGE);
    return true;
  }
  refuseOptions(args);
  const config: unknown = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const locked = readLockFile(await Deno.readTextFile(`${ROOT}/deno.lock`));
  const cacheDir = await npmCacheDir();
  const packages: KnownPackage[] = [];
  const unread: CheckResult[] = [];
  for (const entry of locked) {
    const facts = await readPackageFacts(cacheDir, entry);
    if (facts !== undefined) packages.push({ ...entry, ...facts });
    else {
      unread.push({
        verdict: "note",
        what: `${entry.name} ${entry.version}`,
        details: "not in Deno's cache, so its licence and scripts were not read: run deno install",
      });
    }
  }
  const results = [
    ...checkPins(config),
    ...checkPackages(packages),
    ...unread,
    ...await askAdvisories(locked),
  ];
  for (const { verdict, what, details } of results) {
    print(`${verdict.padEnd(8)}${what.padEnd(36)}${details}`);
  }
  const bad = results.filter(({ verdict }) => verdict === "WRONG").length;
  print(bad === 0 ? `\nAll ${locked.length} packages are as they should be.` : `\n${bad} checks failed.`);
  return bad === 0;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

try {
  if (!await main()) Deno.exit(1);
} catch (error) {
  print(`Audit failed: ${messageOf(error)}`);
  Deno.exit(1);
}
