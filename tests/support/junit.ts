/** Reads the JUnit report of Deno's test runner. */

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

/** The files that have a place in the report, as `tests/a_test.ts`. */
export function reportedFiles(xml: string): ReadonlySet<string> {
  return new Set(
    Array.from(xml.matchAll(/<testsuite name="([^"]*)"/g), ([, name = ""]) => name.replace(/^\.\//, "")),
  );
}

/** A step is named "test &gt; step" after the test that it belongs to. */
function isStep(name: string, names: ReadonlySet<string | undefined>): boolean {
  for (let at = name.indexOf(" &gt; "); at !== -1; at = name.indexOf(" &gt; ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}
