import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { inProcessExtension } from "../support/extension.ts";
import { scenario } from "../support/scenario.ts";
import { impatientExtension, miscountingExtension, sloppyExtension } from "./bad_extensions.ts";
import { type CheckReport, CHECKS, checkTable, runChecks } from "./checks/mod.ts";
import { TEST_TOKEN } from "./dataway.ts";
import { fakeExtension } from "./fake_extension.ts";
import { check } from "./main.ts";
import type { ExtensionSource } from "./options.ts";
import { sleep } from "./waiters.ts";

/** Without those that wait for seconds, or measure milliseconds that the platform's part of this process takes. */
const QUICK = [2, 3, 6, 9, 10, 11, 12, 13, 14];

function run(extension: ExtensionSource, numbers: readonly number[]): Promise<readonly CheckReport[]> {
  return runChecks({
    extension,
    env: { ENV_DATAWAY: `{backend}?token=${TEST_TOKEN}`, BACK_END: "{backend}" },
    freezeMs: 200,
    flushTimeoutMs: 1000,
    sideBySide: true,
    quick: true,
  }, new Set(numbers));
}

function outcomes(reports: readonly CheckReport[]): Record<number, string> {
  return Object.fromEntries(reports.map(({ number, outcome }) => [number, outcome]));
}

Deno.test("CHECKS holds the sixteen of the specification in order", () => {
  assertEquals(CHECKS.map(({ number }) => number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
});

scenario("the emulator's README lists every rule as it is checked", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const rows = readme.split("\n").map((line) =>
    line.split("|").map((cell) => cell.trim()).slice(1, 3).join(" ")
  );
  assertEquals(
    CHECKS.map(({ number, title }) => `${number} ${title}`).filter((row) => !rows.includes(row)),
    [],
  );
});

scenario("runChecks() passes our own program", async () => {
  const reports = await run(inProcessExtension(), QUICK);
  const other = reports.filter(({ outcome }) => outcome !== "pass").map((
    { number, measured },
  ) => [number, measured]);
  assertEquals(other, [[14, "it is no process of its own"]]);
});

scenario("runChecks() finds what a sloppy extension does wrong", async () => {
  const reports = await run(sloppyExtension(), [1, 4, 5, 9, 10, 13, 14]);
  assertEquals(outcomes(reports), {
    1: "fail",
    4: "fail",
    5: "fail",
    9: "fail",
    10: "not judged",
    13: "fail",
    14: "not applicable",
  });
  assertMatch(checkTable(reports), /\n 1 +registers within 150 ms .* fail +2\d\d\.\d ms, best of 5/);
});

scenario("runChecks() finds an extension that gives up its next", async () => {
  assertEquals(outcomes(await run(impatientExtension(), [2])), { 2: "fail" });
});

scenario("runChecks() finds an extension that loses and miscounts", async () => {
  const reports = await run(miscountingExtension(), [6, 9, 10, 11, 12]);
  assertEquals(outcomes(reports), { 6: "fail", 9: "pass", 10: "fail", 11: "fail", 12: "fail" });
});

scenario("check() is false when a check failed and prints the table", async () => {
  const lines: string[] = [];
  const options = {
    extension: sloppyExtension(),
    env: {},
    freezeMs: 100,
    flushTimeoutMs: 1000,
    sideBySide: false,
    quick: true,
  };
  assertEquals(await check(options, new Set([1]), (line) => void lines.push(line)), false);
  assertMatch(lines.join("\n"), /\n0 passed, 1 failed, 0 not applicable, 0 not judged/);
});

scenario("runChecks() ends in time however the extension hangs, and says what it did not judge", async () => {
  const hanging = fakeExtension({ onInvoke: (_event, { killed }) => sleep(60_000, killed) });
  const progress: string[] = [];
  const startedAt = performance.now();
  const reports = await runChecks(
    { extension: hanging, env: {}, freezeMs: 50, flushTimeoutMs: 1000, sideBySide: false, quick: true },
    new Set([5, 6, 7, 9, 10, 13]),
    {
      limitMs: 16_000,
      onProgress: ({ number }, report) => void progress.push(`${number} ${report?.outcome ?? "begins"}`),
    },
  );
  assertLess(performance.now() - startedAt, 20_000);
  assertEquals(reports.filter(({ outcome }) => outcome === "pass"), []);
  const last = reports.at(-1);
  assertEquals(last?.outcome, "not judged");
  assertMatch(last?.measured ?? "", /--checks 13 runs it alone|when the time was up/);
  assertEquals(progress.slice(0, 2), ["5 begins", "5 fail"]);
  assertEquals(progress.length, 12);
});

scenario("runChecks() fails an extension that does not start at once, with the reason", async () => {
  const dead = { name: "dead", run: () => Promise.resolve(1) };
  const reports = await runChecks(
    { extension: dead, env: {}, freezeMs: 50, flushTimeoutMs: 1000, sideBySide: false, quick: true },
    new Set([2, 6, 16]),
  );
  assertEquals(reports.map(({ outcome, measured }) => [outcome, measured]), [
    ["fail", "its init ends with Extension.Crash"],
    ["fail", "its init ends with Extension.Crash"],
    ["fail", "its init ends with Extension.Crash"],
  ]);
});
