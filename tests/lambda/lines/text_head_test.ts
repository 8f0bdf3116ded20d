import { assertEquals } from "@std/assert";
import { readTextHead } from "../../../src/lambda/lines/text_head.ts";

const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";

/** A line, its level, its request id, and where its message begins. */
const CASES:
  readonly (readonly [line: string, status: string | undefined, id: string | undefined, body: string])[] = [
    // Runtimes.
    [`2026-11-25T13:26:39.885Z\t${ID}\tERROR\tboom`, "error", ID, "boom"],
    [`2026-11-25T13:26:39.885Z\tr1\tWARN\tboom`, "warning", "r1", "boom"],
    [`2026-11-25T13:26:39.885Z\tundefined\tINFO\tat init`, "info", undefined, "at init"],
    [`2026-11-25T13:26:39.885Z\t-\tINFO\tat init`, "info", undefined, "at init"],
    [`2026-11-25T13:26:39.885Z\t${ID}\tINFO\t{"level":"error"}`, "info", ID, '{"level":"error"}'],
    [`2026-11-25T13:26:39.885Z\t${ID}\tfail\tSystem.Exception: boom`, "error", ID, "System.Exception: boom"],
    [`2026-11-25T13:26:39.885Z\t${ID}\ttrce\tx`, "debug", ID, "x"],
    [`[ERROR]\t2026-11-25T13:26:42.166Z\t${ID}\tstdlib bad\nTraceback`, "error", ID, "stdlib bad\nTraceback"],
    ["[WARNING]\t2026-11-25T13:26:42.166Z\t\tat init", "warning", undefined, "at init"],
    [
      "[ERROR] ValueError: boom\nTraceback (most recent call last):",
      "error",
      undefined,
      "ValueError: boom\nTraceback (most recent call last):",
    ],
    ["[ERROR] lambda logger", "error", undefined, "lambda logger"],
    [
      `ERROR Lambda runtime invoke{requestId="${ID}" xrayTraceId="Root=1-6a"}: boom`,
      "error",
      ID,
      `Lambda runtime invoke{requestId="${ID}" xrayTraceId="Root=1-6a"}: boom`,
    ],
    [
      ` INFO Lambda runtime invoke{requestId="${ID}"}: x`,
      "info",
      ID,
      `Lambda runtime invoke{requestId="${ID}"}: x`,
    ],
    ["2026/11/25 13:29:14 std log bad", undefined, undefined, ""],
    ['2026/11/25 13:29:14 {"errorMessage":"boom"}', undefined, undefined, '{"errorMessage":"boom"}'],
    ["2026/11/25 13:29:14 ERROR slog default bad k=v", "error", undefined, "slog default bad k=v"],
    ["E, [2026-11-25T13:29:14.123456 #8] ERROR -- prog: boom", "error", undefined, "boom"],
    ["W, [2026-11-25T13:29:14.123456 #8]  WARN -- : boom", "warning", undefined, "boom"],
    [`${ID}\tInvoke Error\t{"errorType":"X"}`, undefined, ID, ""],
    [
      "NOTICE: PHP message: PHP Fatal error:  Uncaught Exception: boom in /var/task/x.php:3",
      "critical",
      undefined,
      "Uncaught Exception: boom in /var/task/x.php:3",
    ],
    ["PHP Warning:  Undefined variable $x", "warning", undefined, "Undefined variable $x"],

    // Loggers.
    [
      "2026-11-25T13:29:14.217Z\tWARN\tgo/main.go:11\tzap console bad\t{}",
      "warning",
      undefined,
      "go/main.go:11\tzap console bad\t{}",
    ],
    ["2026-11-25T13:29:14.217+0800\terror\tmain.go:11\tx", "error", undefined, "main.go:11\tx"],
    ["1.795613354217e+09\tINFO\tmain.go:11\tx", "info", undefined, "main.go:11\tx"],
    ["1795613354.21\tINFO\tmain.go:11\tx", "info", undefined, "main.go:11\tx"],
    [`2026-11-25 13:31:29 ${ID} ERROR l4 - log4j2 bad`, "error", ID, "l4 - log4j2 bad"],
    ["13:31:29.135 [main] ERROR x.H - logback bad", "error", undefined, "x.H - logback bad"],
    ["2026-11-25 13:31:29,135 [http nio 1] WARN  x.H - bad", "warning", undefined, "x.H - bad"],
    [
      "2026-11-25T13:31:29.135Z  WARN 12 --- [main] x.H : spring bad",
      "warning",
      undefined,
      "12 --- [main] x.H : spring bad",
    ],
    [
      "2026-11-25 13:26:42.150 | ERROR    | app:handler:17 - loguru bad",
      "error",
      undefined,
      "app:handler:17 - loguru bad",
    ],
    ["2026-11-25 13:26:42,150 - shop.cart - ERROR - stdlib bad", "error", undefined, "stdlib bad"],
    ["2026-11-25 13:26:42,150 ERROR stdlib bad", "error", undefined, "stdlib bad"],
    ["ERROR:root:basicConfig bad", "error", undefined, "root:basicConfig bad"],
    ["WARNING: low disk", "warning", undefined, "low disk"],
    ["ERROR - bad", "error", undefined, "bad"],
    ["CRITICAL  bad", "critical", undefined, "bad"],
    ["ERROR shop::cart: bad", "error", undefined, "shop::cart: bad"],
    ['WARN request{id=1}:price{n=2}: bad k="v"', "warning", undefined, 'request{id=1}:price{n=2}: bad k="v"'],
    ['ERROR {"a":1}', "error", undefined, '{"a":1}'],
    ["[error] bad", "error", undefined, "bad"],
    ["[2026-11-25 13:31:29 +0000] [8] [ERROR] gunicorn bad", "error", undefined, "gunicorn bad"],
    [
      "[2026-11-25T13:29:14.123456+00:00] app.ERROR: monolog bad {} []",
      "error",
      undefined,
      "monolog bad {} []",
    ],
    ["[13:31:29 ERR] serilog bad", "error", undefined, "serilog bad"],
    ["[main] ERROR x.H - bad", "error", undefined, "x.H - bad"],
    ["2026-11-25 13:31:29.1350|ERROR|Shop.Cart|nlog bad", "error", undefined, "Shop.Cart|nlog bad"],
    ["2026-11-25T13:29:14Z ERR zerolog bad error=boom", "error", undefined, "zerolog bad error=boom"],
    ["1:29PM WRN zerolog bad", "warning", undefined, "zerolog bad"],
    [
      "ERRO[0003] logrus bad                error=boom",
      "error",
      undefined,
      "logrus bad                error=boom",
    ],
    ['time="2026-11-25T13:29:14Z" level=error msg="logrus bad" order=7', "error", undefined, ""],
    ['time=2026-11-25T13:29:14.217Z level=ERROR msg="slog text bad" err=boom', "error", undefined, ""],
    ["level=WARN+2 msg=x", "warning", undefined, ""],
    ['ts=2026-11-25T13:29:14Z caller=x.go:1 lvl=warn msg="gokit bad"', "warning", undefined, ""],
    [`timestamp=x level=ERROR message=m requestId=${ID}`, "error", ID, ""],
    ["E1125 13:29:14.123456       8 main.go:7] klog bad", "error", undefined, "klog bad"],
    [
      "<11>1 2026-11-25T13:29:14Z host app - - syslog bad",
      "error",
      undefined,
      "2026-11-25T13:29:14Z host app - - syslog bad",
    ],
    ["Nov 25, 2026 1:31:29 PM x.H handle\nSEVERE: jul bad", "error", undefined, ""],
    ["error: winston bad", "error", undefined, "winston bad"],
    ["fail: Shop.Cart[0]\n      bad", "error", undefined, "Shop.Cart[0]\n      bad"],
    ['INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200', "info", undefined, '127.0.0.1:5 - "GET / HTTP/1.1" 200'],
    ["TRACE - x", "debug", undefined, "x"],

    // Prose, data, and what only looks like a head.
    ["", undefined, undefined, ""],
    ["order 4711 taken", undefined, undefined, ""],
    ["error while pricing", undefined, undefined, ""],
    ["errors: 0", undefined, undefined, ""],
    ["Error: boom", undefined, undefined, ""],
    ["Errors happen", undefined, undefined, ""],
    ["INFORMATION is power", undefined, undefined, ""],
    ["ERROR in the middle of nothing", undefined, undefined, ""],
    ["WARNING is a word: of many", undefined, undefined, ""],
    ["FATAL ERROR: Reached heap limit", undefined, undefined, ""],
    ["ERRORS 5", undefined, undefined, ""],
    ["OK", undefined, undefined, ""],
    ["4711 orders, ERROR none", undefined, undefined, ""],
    ["200 GET /x ERROR", undefined, undefined, ""],
    ["  indented", undefined, undefined, ""],
    ["a=b", undefined, undefined, ""],
    ["url=https://x?level=error", undefined, undefined, ""],
    ["[1, 2, 3]", undefined, undefined, ""],
    ["2026/11/25 13:29:14 the job ended in ERROR state", undefined, undefined, ""],
    ["2026-11-25T13:29:14Z GET /orders 200 ERROR", undefined, undefined, ""],
    ["java.lang.RuntimeException: boom", undefined, undefined, ""],
    ["\tat x.H.handleRequest(H.java:8)", undefined, undefined, ""],
    ['{"level":"error"}', undefined, undefined, ""],
    ["日志 ERROR", undefined, undefined, ""],
  ];

for (const [line, status, id, body] of CASES) {
  Deno.test(`readTextHead() of ${JSON.stringify(line)}`, () => {
    const { status: seen, requestId, bodyAt } = readTextHead(line);
    assertEquals([seen, requestId, bodyAt === 0 ? "" : line.slice(bodyAt)], [status, id, body]);
  });
}
