import { assertEquals } from "@std/assert";
import { type HandlerError, readHandlerError } from "../../../src/lambda/lines/handler_error.ts";
import { createLineReader } from "../../../src/lambda/lines/line.ts";
import type { JsonObject } from "../../../src/json/exact_json.ts";
import { cpuMs } from "../../support/cpu_time.ts";

const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";
const TIME = "2026-11-25T13:26:39.885Z";
const NBSP = "\u00a0";

function read(record: string | JsonObject): HandlerError | undefined {
  return readHandlerError(createLineReader().read(record));
}

const envelope = (message: string): JsonObject => ({ timestamp: TIME, level: "INFO", message });

/** What runtimes write. */
const FAILURES: readonly (readonly [
  name: string,
  record: string | JsonObject,
  certainty: string,
  type?: string | undefined,
  message?: string,
])[] = [
  [
    "Python in frames",
    `[ERROR] ValueError: boom\nTraceback (most recent call last):\n${NBSP}${NBSP}File "x", line 1, in f`,
    "certain",
    "ValueError",
    "boom",
  ],
  [
    "Python with a message of several lines",
    `[ERROR] ValidationError: 2 errors\nname\n  missing\nTraceback (most recent call last):\n${NBSP}${NBSP}File "x"`,
    "certain",
    "ValidationError",
    "2 errors\nname\n  missing",
  ],
  [
    "Python without a message",
    `[ERROR] Silent\nTraceback (most recent call last):\n${NBSP}${NBSP}File "x"`,
    "certain",
    "Silent",
  ],
  [
    "Python without frames of the trace",
    "[ERROR] Runtime.MarshalError: Unable to marshal response: x\nTraceback (most recent call last):",
    "certain",
    "Runtime.MarshalError",
    "Unable to marshal response: x",
  ],
  [
    "Python without frames of the pipe",
    `[ERROR] ValueError: boom\rTraceback (most recent call last):\r${NBSP}${NBSP}File "x"\n`,
    "certain",
    "ValueError",
    "boom",
  ],
  [
    "Python behind a trace that has no newline",
    `ValueError: logged[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r${NBSP}${NBSP}File "x"`,
    "certain",
    "KeyError",
    "'x'",
  ],
  [
    "Python as JSON",
    {
      timestamp: TIME,
      level: "ERROR",
      errorMessage: "boom",
      errorType: "ValueError",
      requestId: ID,
      stackTrace: ["x"],
    },
    "certain",
    "ValueError",
    "boom",
  ],
  [
    "older Python as JSON",
    {
      timestamp: TIME,
      log_level: "ERROR",
      errorMessage: "boom",
      errorType: "ValueError",
      requestId: ID,
      stackTrace: [],
    },
    "certain",
    "ValueError",
    "boom",
  ],
  [
    "Node",
    `${TIME}\t${ID}\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"boom\\nsecond","stack":["x"]}\n`,
    "certain",
    "TypeError",
    "boom\nsecond",
  ],
  [
    "Node as JSON",
    {
      timestamp: TIME,
      level: "ERROR",
      requestId: ID,
      message: { errorType: "TypeError", errorMessage: "boom", stackTrace: ["x"] },
    },
    "likely",
    "TypeError",
    "boom",
  ],
  [
    "Go",
    '2026/11/25 13:29:14 {"errorMessage":"boom","errorType":"errorString"}\n',
    "certain",
    "errorString",
    "boom",
  ],
  [
    "Go's panic",
    '2026/11/25 13:29:14 {"errorMessage":"boom","errorType":"string","stackTrace":[{"path":"x","line":1,"label":"f"}]}',
    "certain",
    "string",
    "boom",
  ],
  ["Go without flags", '{"errorMessage":"boom","errorType":"errorString"}', "certain", "errorString", "boom"],
  [
    "Go with a prefix and the file",
    'shop: 2026/11/25 13:29:14.123456 invoke_loop.go:106: {"errorMessage":"boom","errorType":"e"}',
    "certain",
    "e",
    "boom",
  ],
  [
    "Go in the platform's envelope",
    envelope('2026/11/25 13:29:14 {"errorMessage":"boom","errorType":"e"}'),
    "certain",
    "e",
    "boom",
  ],
  [
    "Go by slog's JSON",
    { time: TIME, level: "INFO", msg: '{"errorMessage":"boom","errorType":"e"}' },
    "certain",
    "e",
    "boom",
  ],
  [
    "Go by slog's text",
    'time=x level=INFO msg="{\\"errorMessage\\":\\"a \\\\\\"b\\\\\\"\\",\\"errorType\\":\\"e\\"}"',
    "certain",
    "e",
    'a "b"',
  ],
  [
    "Java in frames",
    "boom: java.lang.IllegalStateException\njava.lang.IllegalStateException: boom\n\tat x.H.f(H.java:8)\n\n",
    "certain",
    "java.lang.IllegalStateException",
    "boom",
  ],
  [
    "Java with a message of several lines",
    "a: b\nc: x.E\nx.E: a: b\nc\n\tat x.H.f(H.java:8)\n",
    "certain",
    "x.E",
    "a: b\nc",
  ],
  ["Java without a message", "x.E: x.E\nx.E\n\tat x.H.f(H.java:8)\n\n", "certain", "x.E"],
  ["Java with an empty message", ": x.E\nx.E: \n\tat x.H.f(H.java:8)\n", "certain", "x.E", ""],
  [
    "Java with a cause and no frames",
    "boom: x.E\nx.E: boom\nCaused by: x.F: inner\n",
    "certain",
    "x.E",
    "boom",
  ],
  [
    "Java as JSON",
    {
      timestamp: TIME,
      message: "boom: x.E\nx.E: boom\n\tat x.H.f(H.java:8)\n",
      level: "ERROR",
      AWSRequestId: ID,
    },
    "certain",
    "x.E",
    "boom",
  ],
  [
    "Java without its class",
    "Class not found: x.H: java.lang.ClassNotFoundException\njava.lang.ClassNotFoundException: x.H\n",
    "certain",
    undefined,
    "Class not found: x.H: java.lang.ClassNotFoundException",
  ],
  ["Java without its handler", "Invalid handler: `x`", "certain", undefined, "Invalid handler: `x`"],
  [
    "Rust",
    `ERROR Lambda runtime invoke{requestId="${ID}" xrayTraceId="Root=1-6a"}: "boom"`,
    "likely",
    undefined,
    '"boom"',
  ],
  [
    "Rust in colours",
    `\x1b[31mERROR\x1b[0m \x1b[1mLambda runtime invoke\x1b[0m\x1b[1m{\x1b[0m\x1b[3mrequestId\x1b[0m\x1b[2m=\x1b[0m"${ID}"\x1b[1m}\x1b[0m\x1b[2m:\x1b[0m boom`,
    "likely",
    undefined,
    "boom",
  ],
  [
    "Rust's panic",
    `ERROR Lambda runtime invoke{requestId="${ID}"}: user handler panicked error=Any { .. }`,
    "certain",
    undefined,
    "user handler panicked error=Any { .. }",
  ],
  [
    "Rust as JSON",
    {
      level: "ERROR",
      fields: { message: "boom" },
      span: { name: "Lambda runtime invoke", requestId: ID },
      spans: [{}],
    },
    "likely",
    undefined,
    "boom",
  ],
  [
    "Rust's panic as JSON",
    {
      level: "ERROR",
      fields: { message: "user handler panicked", error: "Any" },
      span: { name: "Lambda runtime invoke" },
      spans: [{}],
    },
    "certain",
    undefined,
    "Any",
  ],
  [
    ".NET",
    `${TIME}\t${ID}\tfail\tSystem.InvalidOperationException: boom\n   at X.F()`,
    "likely",
    "System.InvalidOperationException",
    "boom",
  ],
  [
    ".NET as JSON",
    {
      timestamp: TIME,
      level: "Error",
      requestId: ID,
      message: "",
      errorType: "System.Exception",
      errorMessage: "boom",
      stackTrace: ["x"],
    },
    "certain",
    "System.Exception",
    "boom",
  ],
  [
    "PHP",
    `${ID}\tInvoke Error\t{"errorType":"Exception","errorMessage":"boom","stack":[]}`,
    "certain",
    "Exception",
    "boom",
  ],
];

for (const [name, record, certainty, type, message] of FAILURES) {
  Deno.test(`readHandlerError() knows a failure of ${name}`, () => {
    const error = read(record);
    assertEquals([error?.certainty, error?.type, error?.message], [certainty, type, message]);
  });
}

/** What functions write themselves, and is no failure of theirs. */
const OTHERS: readonly (readonly [name: string, record: string | JsonObject])[] = [
  [
    "a logged exception of Python",
    `[ERROR]\t${TIME}\t${ID}\tbad\nTraceback (most recent call last):\n  File "x"\nValueError: boom`,
  ],
  [
    "the same by a formatter of its own",
    '[ERROR] bad\nTraceback (most recent call last):\n  File "x", line 1, in f\nValueError: boom',
  ],
  ["a logged exception of Python as JSON", {
    timestamp: TIME,
    level: "ERROR",
    message: "bad",
    logger: "root",
    stackTrace: [],
    errorType: "ValueError",
    errorMessage: "boom",
    requestId: ID,
  }],
  [
    "Node's console with an error beside a text",
    `${TIME}\t${ID}\tERROR\tInvoke Error Error: boom\n    at f (x:1:2)`,
  ],
  ["Node's words in a message", `${TIME}\t${ID}\tINFO\tInvoke Error \t{"errorType":"x","errorMessage":"y"}`],
  ["Node's console as JSON with a text", {
    timestamp: TIME,
    level: "ERROR",
    requestId: ID,
    message: "bad",
    errorType: "Error",
    errorMessage: "boom",
    stackTrace: [],
  }],
  ["Ruby's logger as JSON with an exception", {
    timestamp: TIME,
    level: "ERROR",
    message: "boom",
    requestId: ID,
    errorType: "StandardError",
    errorMessage: "boom",
    stackTrace: ["app.rb:3:in `f'"],
    location: "app.rb:f:3",
  }],
  ["members with the runtime's names among others", {
    level: "ERROR",
    msg: "bad",
    errorMessage: "boom",
    errorType: "e",
    order: 7,
  }],
  [
    "Go's log with the runtime's words in it",
    '2026/11/25 13:29:14 got {"errorMessage":"boom","errorType":"e"}',
  ],
  ["Go's members in another order", '2026/11/25 13:29:14 {"errorType":"e","errorMessage":"boom"}'],
  ["more members than the runtime's", '{"errorMessage":"boom","errorType":"e","requestId":"x"}'],
  [
    "a stack that Java prints",
    "java.lang.IllegalStateException: boom\n\tat x.H.f(H.java:8)\n\tat com.amazonaws.services.lambda.runtime.api.client.AWSLambda.main(AWSLambda.java:224)\n",
  ],
  [
    "a stack with the head of the runtime's and its frames",
    "boom: x.E\nx.E: boom\n\tat x.H.f(H.java:8)\n\tat com.amazonaws.services.lambda.runtime.api.client.AWSLambda.main(AWSLambda.java:224)\n",
  ],
  ["a level before Java's head", "[ERROR] boom: x.E\nx.E: boom\n\tat x.H.f(H.java:8)\n"],
  ["log4j2's JSON", {
    timestamp: TIME,
    message: "boom: x.E\nx.E: boom\n\tat x.H.f(H.java:8)\n",
    level: "ERROR",
    logger: "l",
    AWSRequestId: ID,
  }],
  ["an error below Rust's own span", `ERROR Lambda runtime invoke{requestId="${ID}"}:price{order=7}: bad`],
  ["the same as JSON", {
    level: "ERROR",
    fields: { message: "bad" },
    span: { name: "price" },
    spans: [{}, {}],
  }],
  ["fields beside Rust's message", {
    level: "ERROR",
    fields: { message: "bad", order: 7 },
    span: { name: "Lambda runtime invoke" },
    spans: [{}],
  }],
  [".NET's log", `${TIME}\t${ID}\tfail\tcould not price the order`],
  [".NET's log with an error as JSON", {
    timestamp: TIME,
    level: "Error",
    message: "bad",
    errorType: "System.Exception",
    errorMessage: "boom",
    stackTrace: [],
  }],
  ["prose", 'the handler said Invoke Error, with a Traceback (most recent call last): and an "errorMessage"'],
];

for (const [name, record] of OTHERS) {
  Deno.test(`readHandlerError() takes no failure from ${name}`, () => assertEquals(read(record), undefined));
}

Deno.test("readHandlerError() reads hostile texts in time that grows with their length", () => {
  const texts = [
    `[ERROR] x${"\nTraceback (most recent call last):".repeat(20_000)}`,
    `${"a: x.E\n".repeat(50_000)}\n\tat x`,
    `x.E: ${"x.E: ".repeat(50_000)}\n\tat x`,
    `${"2026/11/25 13:29:14 ".repeat(20_000)}{"errorMessage":"boom"}`,
    `msg="${'\\"errorMessage\\"'.repeat(20_000)}`,
    `ERROR Lambda runtime invoke{${'requestId="x" '.repeat(20_000)}`,
    `${"\t".repeat(200_000)}Invoke Error \t{`,
    `\n\n${" at".repeat(100_000)}`,
  ];
  for (const text of texts) {
    const startedAt = cpuMs();
    read(text);
    read(envelope(text));
    assertEquals(cpuMs() - startedAt < 1000, true, text.slice(0, 40));
  }
});
