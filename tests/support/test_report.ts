/** Reads what Deno's test runner tells: its JUnit report, and its output where that says more. */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of a report. Steps are left out, as in the runner's own closing line: the test that they
 * belong to fails with them.
 */
export function countReport(xml: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, suite = ""] of xml.matchAll(/<testsuite ([\s\S]*?<\/testsuite>|[^>]*\/>)/g)) {
    const cases = Array.from(
      suite.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g),
    );
    const names = new Set(cases.map(([, name]) => name));
    for (const [, name = "", body = ""] of cases) {
      if (isStep(name, names)) continue;
      if (/<(?:failure|error)\b/.test(body)) counts.failed++;
      else if (/<skipped\b/.test(body)) counts.skipped++;
      else counts.passed++;
    }
  }
  return counts;
}

/**
 * Files named in the runner's output for an error outside of any test, as `./tests/a_test.ts`: the report leaves
 * them out. A file cannot be missed by looking for it in the report, which files a test under the module that
 * called `Deno.test`.
 */
export function uncaughtErrors(output: string): ReadonlySet<string> {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  return new Set(Array.from(plain.matchAll(/^(\S+) \(uncaught error\)$/gm), ([, file = ""]) => file));
}

/** A step is named "test &gt; step" after the test that it belongs to. */
function isStep(name: string, names: ReadonlySet<string | undefined>): boolean {
  for (let at = name.indexOf(" &gt; "); at !== -1; at = name.indexOf(" &gt; ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}
