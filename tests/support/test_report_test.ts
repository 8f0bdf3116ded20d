import { assertEquals } from "@std/assert";
import { countReport, uncaughtErrors } from "./test_report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="7" failures="3" errors="0" time="0.269">
    <testsuite name="./tests/a_test.ts" tests="6" disabled="1" errors="0" failures="3">
        <testcase name="plain" classname="./tests/a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="bad &lt;failure&gt;" classname="./tests/a_test.ts" time="0.000" line="2" col="6">
            <failure message="Uncaught Error: no">Error: &lt;skipped/&gt;</failure>
        </testcase>
        <testcase name="skip" classname="./tests/a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="with step" classname="./tests/a_test.ts" time="0.000" line="4" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="plain &gt; its step" classname="./tests/a_test.ts" time="0.000" line="1" col="38">
        </testcase>
        <testcase name="with step &gt; s1" classname="./tests/a_test.ts" time="0.000" line="4" col="44">
            <failure message="Uncaught Error: z">Error: z</failure>
        </testcase>
    </testsuite>
    <testsuite name="./tests/b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="a &gt; b is true" classname="./tests/b_test.ts" time="0.000" line="1" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("countReport counts tests by outcome and leaves steps to their test", () => {
  assertEquals(countReport(REPORT), { passed: 2, failed: 2, skipped: 1 });
});

Deno.test("countReport finds nothing in an empty report", () => {
  assertEquals(countReport('<testsuites name="deno test" tests="0"></testsuites>'), {
    passed: 0,
    failed: 0,
    skipped: 0,
  });
});

Deno.test("uncaughtErrors finds each file that failed outside of a test, coloured or not", () => {
  const output = [
    "Uncaught error from ./tests/b_test.ts FAILED",
    "\x1b[0m\x1b[1m./tests/b_test.ts\x1b[0m (uncaught error)",
    "error: (in promise) Error: module",
    "./tests/c_test.ts (uncaught error)",
    " FAILURES ",
    "./tests/c_test.ts (uncaught error)",
    "prints x (uncaught error) in passing",
    "",
  ].join("\n");
  assertEquals(uncaughtErrors(output), new Set(["./tests/b_test.ts", "./tests/c_test.ts"]));
});
