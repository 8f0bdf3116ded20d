import { assertEquals } from "@std/assert";
import {
  type LevelNumbers,
  type LogStatus,
  numberToStatus,
  wordToStatus,
} from "../../src/point/log_status.ts";

for (
  const [words, status] of [
    ["trace TRACE Trace debug verbose trce dbug silly FINE finer FINEST config DEBU", "debug"],
    ["info INFO information informational inf Info INFO2 INFO+1 http", "info"],
    ["notice NOTICE", "notice"],
    ["warn WARN warning Warning wrn WARN3", "warning"],
    ["error ERROR err Error SEVERE fail ERROR+4 ERRO", "error"],
    ["fatal FATAL critical CRITICAL crit ftl DPANIC", "critical"],
    ["alert", "alert"],
    ["emerg emergency panic", "emerg"],
    ["ok success", "OK"],
  ] as const
) {
  for (const word of words.split(" ")) {
    Deno.test(`wordToStatus() takes ${word} for ${status}`, () => assertEquals(wordToStatus(word), status));
  }
}

Deno.test("wordToStatus() sees through colours and brackets", () => {
  for (const word of ["\x1b[31merror\x1b[39m", "[error]", " ERROR ", "\x1b[1m[ERROR]\x1b[0m:", "<error>"]) {
    assertEquals(wordToStatus(word), "error", word);
  }
});

Deno.test("wordToStatus() takes no other word for a level", () => {
  for (
    const word of [
      "",
      "done",
      "errors",
      "error code",
      "no error",
      "1",
      "__proto__",
      "constructor",
      "e".repeat(99),
    ]
  ) {
    assertEquals(wordToStatus(word), undefined, word);
  }
});

for (
  const [numbers, levels, statuses] of [
    ["otel", [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 1.5, NaN], [
      undefined,
      ...["debug", "debug", "debug", "debug", "info", "info", "warning", "warning", "error", "error"],
      ...["critical", "critical", undefined, undefined, undefined],
    ]],
    ["logger", [0, 1, 2, 3, 4, 5, 6, 7], [
      ...["emerg", "alert", "critical", "error", "warning", "notice", "info", "debug"],
    ]],
    ["logger", [8, 10, 20, 30, 35, 40, 50, 60, 61, -1], [
      undefined,
      ...["debug", "debug", "info", "info", "warning", "error", "critical", undefined, undefined],
    ]],
    ["logger", [100, 200, 300, 400, 500, 600, 700, 800, 900, 404], [
      ...["debug", "info", "notice", "warning", "error", "critical", "alert", "emerg", undefined, undefined],
    ]],
    ["python", [0, 5, 10, 20, 25, 30, 40, 50, 60], [
      undefined,
      ...["debug", "debug", "info", "info", "warning", "error", "critical", undefined],
    ]],
    ["logback", [5000, 10000, 20000, 30000, 40000], ["debug", "debug", "info", "warning", "error"]],
  ] as const satisfies readonly (readonly [
    LevelNumbers,
    readonly number[],
    readonly (LogStatus | undefined)[],
  ])[]
) {
  Deno.test(`numberToStatus() knows ${numbers} levels ${levels[0]} to ${levels.at(-1)}`, () => {
    assertEquals(levels.map((level) => numberToStatus(level, numbers)), [...statuses]);
  });
}
