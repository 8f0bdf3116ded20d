/**
 * `deno task test`: formatting, lint, types, then every test but the slow ones, which have their own tasks.
 * The last line counts them, taken from the runner's own report; a failed step counts as one failure.
 */
import { taskArguments } from "../../layer/build/task_arguments.ts";
import { countReport, type Counts, uncaughtErrors } from "./test_report.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const REPORT = `${ROOT}.cache/junit.xml`;
/** Slow, or in need of tools that a bare machine lacks: run by `deno task test:layer` and the like. */
const SLOW = [
  "tests/aws/",
  "tests/clients/",
  "tests/decoder/",
  "tests/emulator/page/chromium/",
  "tests/layer/slow/",
  "tests/target/",
  "tests/runtimes/",
  "tests/box/",
  "tests/soak/",
];

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

const chosen = taskArguments(Deno.args);
const only = chosen.length > 0 ? chosen : undefined;
const counts = await runTests(only);
for (const name of failedSteps) say(`Failed: ${name}`);

const failed = counts.failed + failedSteps.length;
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
say(`${counts.passed} passed, ${failed} failed${skipped}`);
Deno.exit(failed === 0 ? 0 : 1);

/** Runs the tests of the paths given by hand, or all but the slow ones, and counts what the report says and what it cannot. */
async function runTests(paths: readonly string[] | undefined): Promise<Counts> {
  await Deno.mkdir(`${ROOT}.cache`, { recursive: true });
  await Deno.remove(REPORT).catch(() => {});
  const which = paths ?? [`--ignore=${SLOW.join(",")}`, "tests/"];
  // Types were checked above, by a step of its own.
  const { code, uncaught } = await denoTest([`--junit-path=${REPORT}`, ...which]);
  const report = await Deno.readTextFile(REPORT).catch(() => undefined);
  if (report === undefined) {
    say(`Failed: the test runner ended with code ${code} and without a report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const counts = countReport(report);
  const reasons = unreportedFailures(code, uncaught, counts);
  for (const reason of reasons) say(`Failed: ${reason}`);
  return { ...counts, failed: counts.failed + reasons.length };
}

/** What went wrong without a place in the report: a file that cannot be loaded, an error outside of any test. */
function unreportedFailures(code: number, uncaught: ReadonlySet<string>, counts: Counts): string[] {
  if (uncaught.size > 0) return Array.from(uncaught, (file) => `${file} has an error outside of its tests`);
  if (code === 0) return counts.passed + counts.skipped > 0 ? [] : ["not one test was run"];
  return counts.failed > 0 ? [] : [`the test runner ended with code ${code}`];
}

/** Runs the tests, their output passed through, and finds the files that failed outside of any test. */
async function denoTest(args: readonly string[]): Promise<{ code: number; uncaught: ReadonlySet<string> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-P", "--frozen", "--no-check", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    for (let written = 0; written < chunk.length;) written += Deno.stdout.writeSync(chunk.subarray(written));
    text += decoder.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, uncaught: uncaughtErrors(text) };
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
