/**
 * `deno task verify -- <zip> ...`: checks layers against the hash, the SBOM and the provenance beside them, prints a
 * table and ends with code 1 when anything is wrong or missing.
 */
import { asksForHelp, fromCaller, refuseOptions, taskArguments } from "../build/task_arguments.ts";
import { messageOf } from "./check_result.ts";
import { verifyLayer } from "./verify_layer.ts";

const USAGE =
  `Checks layers against the hash, the SBOM and the provenance beside them. Exit code 1 if anything is wrong or missing.

  deno task verify -- layer/datakit_aws_extension-linux-amd64.zip`;

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

async function main(): Promise<boolean> {
  const paths = taskArguments(Deno.args);
  if (asksForHelp(paths)) {
    print(USAGE);
    return true;
  }
  refuseOptions(paths);
  if (paths.length === 0) throw new Error("Cannot verify without a zip: deno task verify -- <zip> ...");
  let isGood = true;
  for (const path of paths.map(fromCaller)) {
    const results = await verifyLayer(path, `${import.meta.dirname}/../..`);
    print(path);
    for (const { verdict, what, details } of results) {
      print(`  ${verdict.padEnd(8)}${what.padEnd(24)}${details}`);
    }
    const bad = results.filter(({ verdict }) => verdict === "WRONG" || verdict === "MISSING").length;
    print(
      bad === 0
        ? "  All as it should be.\n"
        : `  DO NOT USE IT: ${bad} of ${results.length} checks failed.\n`,
    );
    isGood &&= bad === 0;
  }
  return isGood;
}

if (import.meta.main) {
  try {
    if (!await main()) Deno.exit(1);
  } catch (error) {
    print(messageOf(error));
    Deno.exit(1);
  }
}
