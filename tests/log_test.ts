import { assertEquals, assertStringIncludes } from "@std/assert";
import { createLogger, describeError, type Logger, type LogLevel } from "@std/log";

function record(level: LogLevel = "info"): { log: Logger; lines: string[]; clock: { now: number } } {
  const lines: string[] = [];
  const clock = { now: Date.parse("2026-09-10T12:00:00.000Z") };
  return {
    log: createLogger({ level, write: (line) => lines.push(line), now: () => clock.now }),
    lines,
    clock,
  };
}

Deno.test("logger writes one JSON line an event", () => {
  const { log, lines } = record();
  log.warn("Port is off", { port: 9529, held: 3n, error: new TypeError("in use") });
  assertEquals(lines, [
    '{"time":"2026-09-10T12:00:00.000Z","level":"warn","logger":"datakit","message":"Port is off","port":9529,"held":"3","error":"TypeError: in use"}',
  ]);
});

Deno.test("logger leaves out what is below its level", () => {
  const { log, lines } = record("warn");
  log.info("a");
  log.warn("b");
  log.setLevel("off");
  log.error("c");
  assertEquals(lines.length, 1);
});

Deno.test("logger prints a repeated message once a minute and says how many it left out", () => {
  const { log, lines, clock } = record();
  for (let i = 0; i < 1000; i++) log.warn("Data is held", { error: `${i}` });
  assertEquals(lines.length, 1);
  clock.now += 60_000;
  log.warn("Data is held");
  assertEquals(lines.length, 2);
  assertStringIncludes(lines[1] ?? "", '"repeated":999');
});

Deno.test("logger masks secrets and tokens of URLs, wherever they stand", () => {
  const { log, lines } = record();
  log.addSecret("tkn_0123456789");
  log.error("bad tkn_0123456789", {
    url: "https://h/v1?token=tkn_other99&x=1",
    inner: { a: ["tkn_0123456789"] },
  });
  assertEquals(lines[0]?.includes("tkn_"), false);
  assertStringIncludes(lines[0] ?? "", "https://h/v1?token=***&x=1");
});

Deno.test("logger survives fields that cannot be printed", () => {
  const { log, lines } = record();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  log.error("first", { circular });
  log.error("second");
  assertEquals(lines.length, 1);
});

Deno.test("describeError() tells an error with its causes in one line", () => {
  const error = new Error("Cannot send", { cause: new TypeError("reset") });
  assertEquals(describeError(error), "Cannot send: TypeError: reset");
  assertEquals(describeError("text"), "text");
});
