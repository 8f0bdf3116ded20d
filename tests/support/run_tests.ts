/**
 * `deno task test`: formatting, lint, types, then every test but the slow ones, which have their own tasks.
 * The last line counts them, taken from the runner's own report; a failed step counts as one failure.
 */
import { countReport, type Counts, reportedFiles } from "./junit.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const REPORT = `${ROOT}.cache/junit.xml`;
/** Slow, or in need of tools that a bare machine lacks: run by `deno task test:layer` and the like. */
const SLOW = ["tests/layer/slow/", "tests/clients/", "tests/soak/"];

/** What goes before the tests, by the name under which a failure is reported. */
const STEPS: readonly (readonly [string, readonly string[]])[] = [
  ["formatting", ["fmt", "--check", "--quiet"]],
  ["lint", ["lint", "--quiet"]],
  ["types", ["check", "--quiet"]],
];

const failedSteps: string[] = [];
for (const [name, args] of STEPS) {
  say(`${name} ...`);
  if (await deno(args) !== 0) failedSteps.push(name);
}

const only = Deno.args.length > 0 ? Deno.args : undefined;
const counts = await runTests(only);
for (const name of failedSteps) say(`Failed: ${name}`);

const failed = counts.failed + failedSteps.length;
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
say(`${counts.passed} passed, ${failed} failed${skipped}`);
Deno.exit(failed === 0 ? 0 : 1);

/** Tests of the paths given by hand, or all but the slow ones. A runner that fails without a reason in its report counts as one failure. */
async function runTests(paths: readonly string[] | undefined): Promise<Counts> {
  await Deno.mkdir(`${ROOT}.cache`, { recursive: true });
  await Deno.remove(REPORT).catch(() => {});
  const which = paths ?? [`--ignore=${SLOW.join(",")}`, "tests/"];
  // Types were checked above, by a step of its own.
  const code = await deno(["test", "-P", "--frozen", "--no-check", `--junit-path=${REPORT}`, ...which]);
  const report = await Deno.readTextFile(REPORT).catch(() => undefined);
  if (report === undefined) {
    say(`Failed: the test runner ended with code ${code} and without a report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const counts = countReport(report);
  const reasons = unreportedFailures(code, report, counts, paths === undefined);
  for (const reason of reasons) say(`Failed: ${reason}`);
  return { ...counts, failed: counts.failed + reasons.length };
}

/** What went wrong without a place in the report: a file that cannot be loaded, an error outside of any test. */
function unreportedFailures(code: number, report: string, counts: Counts, whole: boolean): string[] {
  if (code === 0) return counts.passed + counts.skipped > 0 ? [] : ["not one test was run"];
  const reported = reportedFiles(report);
  const missing = whole ? testFiles().filter((file) => !reported.has(file)) : [];
  if (missing.length > 0) return missing.map((file) => `${file} is missing from the report`);
  return counts.failed > 0 ? [] : [`the test runner ended with code ${code}`];
}

/** Paths of all test files but the slow ones, relative to the project. */
function testFiles(folder = "tests"): string[] {
  return Array.from(Deno.readDirSync(`${ROOT}${folder}`)).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return SLOW.includes(`${path}/`) || name === "node_modules" ? [] : testFiles(path);
    return name.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** Runs Deno on the project, its output passed through, and returns its exit code. */
async function deno(args: readonly string[]): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
  return (await command.spawn().status).code;
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
