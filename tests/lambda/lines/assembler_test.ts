import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MultiLine } from "../../../src/config/awslambda.ts";
import { createLineAssembler } from "../../../src/lambda/lines/assembler.ts";
import { type HandlerError, readHandlerError } from "../../../src/lambda/lines/handler_error.ts";
import { createLineReader } from "../../../src/lambda/lines/line.ts";
import { cpuMs } from "../../support/cpu_time.ts";

const READER = createLineReader();
const AUTO: MultiLine = { kind: "auto" };

/** A line, and what is not as with the one before it: its request, source and time. */
type Input =
  | string
  | readonly [text: string, change: { requestId?: string; from?: "extension"; afterMs?: number }];

interface Assembled {
  /** The texts of all logs. */
  readonly logs: readonly string[];
  readonly failures: readonly HandlerError[];
}

function assemble(inputs: readonly Input[], multiLine: MultiLine = AUTO): Assembled {
  const assembler = createLineAssembler(multiLine);
  const failures: HandlerError[] = [];
  let timeNs = 0n;
  for (const input of inputs) {
    const [text, { requestId = "r1", from = "function", afterMs = 1 }] = typeof input === "string"
      ? [input, {}]
      : input;
    const line = READER.read(text);
    timeNs += BigInt(afterMs) * 1_000_000n;
    const failure = readHandlerError(line);
    const together = assembler.add({ from, requestId, timeNs, line, failure });
    for (const each of [failure, together]) if (each !== undefined) failures.push(each);
  }
  const logs = assembler.take(true).map(({ line, texts }) => texts?.join("\n") ?? line.message);
  return { logs, failures };
}

/** Lines that are one log, and those that are not. */
const TRACES: readonly (readonly [name: string, logs: readonly (readonly string[])[]])[] = [
  ["Python", [["before"], [
    "Traceback (most recent call last):",
    '  File "/var/task/app.py", line 24, in handler',
    "    try: {}['x']",
    "         ~~^^^^^",
    "KeyError: 'x'",
  ], ["after"]]],
  ["Python with a cause", [
    [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in f',
      "ValueError: inner",
      "",
      "During handling of the above exception, another exception occurred:",
      "",
      "Traceback (most recent call last):",
      '  File "a.py", line 3, in f',
      "RuntimeError: outer",
    ],
    [""],
    ["after"],
  ]],
  ["Java", [["before"], [
    "java.lang.RuntimeException: boom",
    "\tat x.H.handleRequest(H.java:8)",
    "\tSuppressed: x.E: other",
    "\t\tat x.H.close(H.java:9)",
    "Caused by: x.F: inner",
    "\t... 5 more",
  ], ["after"]]],
  ["Node", [[
    "Error: boom",
    "    at f (/var/task/a.js:8:15)",
    "    at async g (node:internal:95:5) {",
    "  code: 'X',",
    "  inner: { a: 1 }",
    "}",
  ], ["after"]]],
  [".NET", [[
    "System.Exception: boom",
    " ---> System.InvalidOperationException: inner",
    "   at X.F() in /src/x.cs:line 5",
    "   --- End of inner exception stack trace ---",
    "   at X.G()",
  ], ["after"]]],
  ["Ruby's own trace", [[
    "app.rb:3:in `f': boom (RuntimeError)",
    "\tfrom app.rb:7:in `g'",
    "\tfrom app.rb:9:in `<main>'",
  ], ["after"]]],
  ["Go's panic", [[
    "panic: boom",
    "",
    "goroutine 1 [running]:",
    "main.handler(...)",
    "\t/var/task/main.go:11 +0x1d",
    "created by main.main in goroutine 1",
    "\t/var/task/main.go:20 +0x25",
  ], ["exit status 2"]]],
  ["zap's development output", [
    [
      "2026-11-25T13:29:14.217Z\tWARN\tmain.go:11\tbad\t{}",
      "main.handler",
      "\t/var/task/main.go:11",
      "reflect.Value.Call",
      "\t/go/src/reflect/value.go:369",
      "github.com/aws/aws-lambda-go/lambda.Start.func1",
      "\t/go/pkg/mod/github.com/x@v1.5/entry.go:48",
    ],
    ["main.handler"],
    ["after"],
  ]],
  ["Rust's panic", [[
    "thread 'main' panicked at src/main.rs:5:9:",
    "boom",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
  ], ["after"]]],
  ["PHP", [[
    "PHP Fatal error:  Uncaught Exception: boom in /var/task/x.php:3",
    "Stack trace:",
    "#0 /var/task/x.php(7): f()",
    "#1 {main}",
    "  thrown in /var/task/x.php on line 3",
  ], ["after"]]],
];

for (const [name, logs] of TRACES) {
  Deno.test(`createLineAssembler() makes one log of a trace of ${name}`, () => {
    assertEquals(assemble(logs.flat()).logs, logs.map((lines) => lines.join("\n")));
    assertEquals(assemble(logs.flat(), { kind: "off" }).logs, logs.flat());
  });
}

Deno.test("createLineAssembler() leaves all other lines alone", () => {
  const lines = [
    "step one",
    "  step two, indented",
    "\tcolumns\tof\ta table",
    "",
    "{",
    '  "a": 1',
    "}",
    "example.com",
    "12: none",
    "at the end",
    "# heading",
    "Caused by nothing",
    "- item",
    "from here",
    "x.E: boom",
  ];
  assertEquals(assemble(lines).logs, lines);
});

Deno.test("createLineAssembler() keeps requests, sources and moments apart", () => {
  const frame = "\tat x.H.f(H.java:8)";
  assertEquals(
    assemble([
      ["x.E: one", { requestId: "a" }],
      ["x.E: two", { requestId: "b" }],
      [frame, { requestId: "a" }],
      ["\tat other", { requestId: "b" }],
      [frame, { requestId: "c" }],
      ["x.E: three", { from: "extension" }],
      [frame, { from: "extension" }],
      ["x.E: four", { requestId: "d" }],
      [frame, { requestId: "d", afterMs: 51 }],
    ]).logs,
    [
      `x.E: one\n${frame}`,
      "x.E: two\n\tat other",
      frame,
      `x.E: three\n${frame}`,
      "x.E: four",
      frame,
    ],
  );
});

Deno.test("createLineAssembler() adds nothing to a JSON log", () => {
  assertEquals(assemble(['{"message":"bad"}', "\tat x.H.f(H.java:8)"]).logs, ["bad", "\tat x.H.f(H.java:8)"]);
});

Deno.test("createLineAssembler() bounds a log's lines", () => {
  const { logs } = assemble(["x.E: boom", ...Array.from({ length: 2500 }, () => "\tat x.H.f(H.java:8)")]);
  assertEquals(logs.map((log) => log.split("\n").length), [1000, 1000, 501]);
});

Deno.test("createLineAssembler() begins a log with each line of a pattern where that is wanted", () => {
  const multiLine: MultiLine = { kind: "first line", pattern: /^\d{4}-/ };
  assertEquals(
    assemble(["2026-11-25 one", "more", "and more", "2026-11-25 two", ["late", { afterMs: 100 }]], multiLine)
      .logs,
    ["2026-11-25 one\nmore\nand more", "2026-11-25 two", "late"],
  );
});

Deno.test("createLineAssembler() holds the end of a batch only in the middle of a trace", () => {
  const take = (lines: readonly string[]): readonly [number, boolean] => {
    const assembler = createLineAssembler(AUTO);
    for (const text of lines) {
      assembler.add({
        from: "function",
        requestId: "r1",
        timeNs: 0n,
        line: READER.read(text),
        failure: undefined,
      });
    }
    return [assembler.take(false).length, assembler.holds];
  };
  assertEquals(take(["one", "two"]), [2, false]);
  assertEquals(take(["one", "Traceback (most recent call last):"]), [1, true]);
  assertEquals(take(["one", "x.E: boom", "\tat x.H.f(H.java:8)"]), [1, true]);
  assertEquals(take(["\tat x.H.f(H.java:8)", "one"]), [2, false]);
});

/** Failures that only several lines tell together. */
const FAILURES:
  readonly (readonly [name: string, lines: readonly string[], type: string, message: string | undefined])[] =
    [
      [
        "Java",
        [
          "boom: x.E",
          "x.E: boom",
          "\tat x.H.f(H.java:8)",
          "Caused by: x.F: inner",
          "\tat x.H.g(H.java:9)",
          "",
        ],
        "x.E",
        "boom",
      ],
      [
        "Java with a message of several lines",
        ["boom first", "boom second: x.E", "x.E: boom first", "boom second", "\tat x.H.f(H.java:8)", ""],
        "x.E",
        "boom first\nboom second",
      ],
      ["Java without a message", ["x.E: x.E", "x.E", "\tat x.H.f(H.java:8)", ""], "x.E", undefined],
      [
        "Python with a message of several lines",
        [
          "[ERROR] ValidationError: 2 errors",
          "name",
          '\rTraceback (most recent call last):\r\u00a0\u00a0File "x"',
        ],
        "ValidationError",
        "2 errors\nname",
      ],
      [
        "Python with the trace behind the message's last line",
        [
          "[ERROR] ValueError: boom first",
          'boom second\rTraceback (most recent call last):\r\u00a0\u00a0File "x"',
        ],
        "ValueError",
        "boom first\nboom second",
      ],
      [
        "Ruby",
        [
          "Error raised from handler method",
          "{",
          '  "errorMessage": "boom \\"x\\"",',
          '  "errorType": "Function<StandardError>",',
          '  "stackTrace": [',
          '    "app.rb:3:in `f\'"',
          "  ]",
          "}",
        ],
        "Function<StandardError>",
        'boom "x"',
      ],
      [
        "Ruby, whose process ends with it",
        [
          "Critical exception from handler",
          "{",
          '  "errorMessage": "boom",',
          '  "errorType": "Function<NoMethodError>"',
          "}",
        ],
        "Function<NoMethodError>",
        "boom",
      ],
      [
        "Ruby's init",
        [
          "Init error when loading handler app.handler",
          "{",
          '  "errorMessage": "cannot load such file -- x",',
          '  "errorType": "Init<LoadError>"',
          "}",
        ],
        "Init<LoadError>",
        "cannot load such file -- x",
      ],
      [
        "Ruby in frames",
        [
          "Error raised from handler method\n",
          '{\n  "errorMessage": "boom",\n  "errorType": "Function<E>",\n  "stackTrace": []\n}\n',
        ],
        "Function<E>",
        "boom",
      ],
    ];

for (const [name, lines, type, message] of FAILURES) {
  Deno.test(`createLineAssembler() tells a failure of ${name}, once, and its lines are one log`, () => {
    const { logs, failures } = assemble(["before", ...lines, "after"]);
    assertEquals(failures.map((failure) => [failure.certainty, failure.type, failure.message]), [
      ["certain", type, message],
    ]);
    assertEquals(logs.length, 3, logs.join("\n---\n"));
  });
}

Deno.test("createLineAssembler() takes no failure from a stack that Java prints, or from half of one", () => {
  for (
    const lines of [
      [
        "boom: x.E",
        "x.E: boom",
        "\tat x.H.f(H.java:8)",
        "\tat com.amazonaws.services.lambda.runtime.api.client.AWSLambda.main(AWSLambda.java:224)",
        "",
      ],
      ["boom: x.E", "x.E: boom", "\tat x.H.f(H.java:8)", "other"],
      ["x.E: boom", "\tat x.H.f(H.java:8)", ""],
      ["Error raised from handler method", "and nothing more"],
      ["[ERROR] bad", "Traceback (most recent call last):", '  File "x"', "ValueError: boom"],
    ]
  ) assertEquals(assemble(lines).failures, [], lines.join("\n"));
});

Deno.test("createLineAssembler() keeps every line of anything, in its order within a request", () => {
  const lines = fc.constantFrom(
    ...[
      "plain",
      "",
      "\tat x.f(X.java:1)",
      "Traceback (most recent call last):",
      '  File "x", line 1',
      "KeyError: 1",
      "main.f",
    ],
    ...[
      "\t/x.go:1",
      "boom: x.E",
      "x.E: boom",
      "x.E",
      "[ERROR] E: a",
      "\rTraceback (most recent call last):",
      "}",
      "{",
      "#0 {main}",
    ],
    ...[
      "Error raised from handler method",
      "goroutine 1 [running]:",
      "thread 'x' panicked at a.rs:1:2:",
      "    at f (x:1:2) {",
    ],
  );
  const inputs = fc.array(fc.tuple(lines, fc.constantFrom("a", "b"), fc.constantFrom(0, 1, 60)), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(inputs, (all) => {
      const { logs } = assemble(
        all.map(([text, requestId, afterMs]): Input => [text, { requestId, afterMs }]),
      );
      // The empty line that closes Java's failure ends it as its newline would.
      const texts = all.map(([text]) => text).filter((text) => text !== "");
      assertEquals(
        logs.flatMap((log) => log.split("\n")).filter((text) => text !== "").toSorted(),
        texts.toSorted(),
      );
    }),
    { numRuns: 1000 },
  );
});

for (
  const [name, text] of [
    ["Go's functions", "a.".repeat(100_000) + "!"],
    ["Java's classes", "a.b".repeat(100_000) + "!"],
    ["frames", `    at ${"f(".repeat(100_000)}`],
    ["Ruby's frames", `\tfrom ${":1".repeat(100_000)}`],
    ["Rust's frames", `   1: ${"a:".repeat(100_000)}`],
    ["blanks", " ".repeat(200_000)],
    ["dashes", "-".repeat(200_000)],
  ] as const
) {
  Deno.test(`a line of 200,000 characters that is nearly one of ${name} takes no time that grows with its square`, () => {
    const began = cpuMs();
    assemble([text, "\t/x.go:1", text, "\t/x.go:1 +0x1", text]);
    assert(cpuMs() - began < 2000);
  });
}
