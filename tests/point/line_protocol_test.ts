import { assertEquals } from "@std/assert";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";

/** The tags of E1 to E4, as `tests/spec/datakit.md` 9 describes that sandbox. */
const COMMON_TAGS = new Map([
  ["host", "h0"],
  ["team", "core"],
  ["aws_lambda_function_name", "fn"],
  ["aws_region", "us-east-1"],
  ["aws_lambda_function_memory_size", "128"],
  ["aws_lambda_initialization_type", "on-demand"],
  ["aws_runtime_version", "nodejs:20.v30"],
  ["aws_runtime_version_arn", "arn:aws:lambda:us-east-1::runtime:abc"],
]);
const NO_TAGS = new Map<string, string>();

function point(
  measurement: string,
  tags: Record<string, string>,
  fields: Record<string, FieldValue>,
  timeNs = 1700000000000000001n,
): Point {
  return {
    category: "logging",
    measurement,
    tags: new Map(Object.entries(tags)),
    fields: new Map(Object.entries(fields)),
    timeNs,
  };
}

function encode(points: readonly Point[], commonTags: ReadonlyMap<string, string> = NO_TAGS): string {
  return new TextDecoder().decode(encodeLineProtocol(points, commonTags));
}

Deno.test("encodeLineProtocol() writes E1, a platform.report", () => {
  const report = point("awslambda", {}, {
    duration_ms: 17.493,
    billed_duration_ms: { unsigned: 18n },
    max_memory_used_mb: { unsigned: 75n },
    memory_size_mb: { unsigned: 128n },
    post_runtime_duration: 0.37299999999999756,
  }, 1795339862119000000n);
  assertEquals(
    encode([report], COMMON_TAGS),
    "awslambda,aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_region=us-east-1,aws_runtime_version=nodejs:20.v30,aws_runtime_version_arn=arn:aws:lambda:us-east-1::runtime:abc,host=h0,team=core billed_duration_ms=18u,duration_ms=17.493,max_memory_used_mb=75u,memory_size_mb=128u,post_runtime_duration=0.37299999999999756 1795339862119000000\n",
  );
});

Deno.test("encodeLineProtocol() writes E2, a timed-out invocation", () => {
  const done = point(
    "awslambda",
    {},
    { timeouts: 1n, errors: 1n, runtime_duration_ms: 3000 },
    1795339865209000000n,
  );
  assertEquals(
    encode([done], COMMON_TAGS),
    "awslambda,aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_region=us-east-1,aws_runtime_version=nodejs:20.v30,aws_runtime_version_arn=arn:aws:lambda:us-east-1::runtime:abc,host=h0,team=core errors=1i,runtime_duration_ms=3000,timeouts=1i 1795339865209000000\n",
  );
});

Deno.test("encodeLineProtocol() writes E3, a log, in DataKit's form and in the corrected one", () => {
  const log = (message: string): Point =>
    point("awslambda", { aws_log_from: "function" }, { status: "info", message }, 1795339862019000000n);
  const head =
    "awslambda,aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_log_from=function,aws_region=us-east-1,aws_runtime_version=nodejs:20.v30,aws_runtime_version_arn=arn:aws:lambda:us-east-1::runtime:abc,host=h0,team=core ";
  assertEquals(
    encode([log(String.raw`line1\n\tat \"x\" C:\\tmp <b>\n`)], COMMON_TAGS),
    head +
      String.raw`message="line1\\n\\tat \\\"x\\\" C:\\\\tmp <b>\\n",status="info" 1795339862019000000` + "\n",
  );
  assertEquals(
    encode([log('line1\n\tat "x" C:\\tmp <b>')], COMMON_TAGS),
    head + 'message="line1\n\tat \\"x\\" C:\\\\tmp <b>",status="info" 1795339862019000000\n',
  );
});

Deno.test("encodeLineProtocol() writes E4, a log with an array", () => {
  const log = point("awslambda", {}, {
    timestamp: "2025-10-30T03:00:00.111Z",
    level: "ERROR",
    requestId: "r1",
    message: "boom",
    a_b: 1.5,
    arr: [1, 2],
    ok: true,
    status: "info",
  }, 1795339862020000000n);
  assertEquals(
    encode([log]),
    'awslambda a_b=1.5,arr=[1,2],level="ERROR",message="boom",ok=true,requestId="r1",status="info",timestamp="2025-10-30T03:00:00.111Z" 1795339862020000000\n',
  );
});

Deno.test("encodeLineProtocol() writes E8 as text", () => {
  const e8 = point("awslambda", { aws_region: "us-east-1" }, {
    errors: 0n,
    duration_ms: 1.5,
    billed_duration_ms: { unsigned: 2n },
  });
  assertEquals(
    encode([e8]),
    "awslambda,aws_region=us-east-1 billed_duration_ms=2u,duration_ms=1.5,errors=0i 1700000000000000001\n",
  );
});

Deno.test("encodeLineProtocol() writes E9, every escape", () => {
  // As createPoint() leaves it: the newline and the trailing backslashes of the tag's value are gone.
  const e9 = point('m, ="x', { 't,=" k': 'v,= "x\\y z' }, { 'f,=" k': 'q"b\\s\nnl\\' });
  assertEquals(
    encode([e9]),
    String.raw`m\,\ ="x,t\,\="\ k=v\,\=\ "x\y\ z f\,\=\"\ k="q\"b\\s` + "\n" +
      String.raw`nl\\" 1700000000000000001` +
      "\n",
  );
});

Deno.test("encodeLineProtocol() writes each type of array, and leaves empty ones out", () => {
  const arrays = point("m", {}, {
    bool: [true, false],
    bytes: [new Uint8Array([1, 2, 3])],
    empty: [],
    float: [1.5, 2, -0],
    int: [1n, -2n],
    string: ["a b", 'q"', "back\\"],
    unsigned: [{ unsigned: 1n }, { unsigned: 18446744073709551615n }],
  });
  assertEquals(
    encode([arrays]),
    String
      .raw`m bool=[true,false],bytes=["AQID"b],float=[1.5,2,-0],int=[1i,-2i],string=["a b","q\"","back\\"],unsigned=[1u,18446744073709551615u] 1700000000000000001` +
      "\n",
  );
});

Deno.test("encodeLineProtocol() writes arrays of text with commas as JSON, of which DataKit's parser makes no field", () => {
  assertEquals(
    encode([point("m", {}, { a: ["x,y", "z"] })]),
    'm a="[\\"x,y\\",\\"z\\"]" 1700000000000000001\n',
  );
});

Deno.test("encodeLineProtocol() leaves out backslashes before what a tag escapes, and keeps keys apart", () => {
  const one = point("m", { "\\,": "a\\ b", ",": "c" }, { v: 1 });
  assertEquals(encode([one]), "m,\\,=c,\\,_=a\\\\ b v=1 1700000000000000001\n");
  const quoted = point("m", { t: '"a\\ b' }, { v: 1 });
  assertEquals(encode([quoted]), 'm,t="a\\ b v=1 1700000000000000001\n');
});

Deno.test("encodeLineProtocol() leaves empty bytes out, for which DataKit's parser drops the point", () => {
  const empty = new Uint8Array();
  assertEquals(encode([point("m", {}, { b: empty, v: 1 })]), "m v=1 1700000000000000001\n");
  assertEquals(encode([point("m", {}, { b: empty })]), 'm b="" 1700000000000000001\n');
});

Deno.test("encodeLineProtocol() writes bytes as base64 with a suffix", () => {
  assertEquals(
    encode([point("m", {}, { b: new Uint8Array([0, 255]) })]),
    'm b="AP8="b 1700000000000000001\n',
  );
});

Deno.test("encodeLineProtocol() ends each line, and no points are no bytes", () => {
  const one = point("m", {}, { v: 1 });
  assertEquals(encode([one, one]), "m v=1 1700000000000000001\nm v=1 1700000000000000001\n");
  assertEquals(encode([]), "");
});

Deno.test("encodeLineProtocol() keeps a point's own key before a common tag's", () => {
  const own = point("m", { host: "mine" }, { team: "field" });
  assertEquals(
    encode([own], new Map([["host", "h0"], ["team", "core"], ["zone", "a"]])),
    'm,host=mine,zone=a team="field" 1700000000000000001\n',
  );
});

Deno.test("encodeLineProtocol() brings common tags under the rules", () => {
  const common = new Map([["a\nb", "c\\"], ["empty", ""], ["gone", "\\\\"], ["dot.ted", "two\nlines"]]);
  assertEquals(
    encode([point("m", {}, { v: 1 })], common),
    "m,a\\ b=c,dot.ted=two\\ lines v=1 1700000000000000001\n",
  );
});

Deno.test("encodeLineProtocol() sorts keys by their UTF-8 bytes", () => {
  // U+FF5E is one UTF-16 unit above the surrogates of U+1F600, but fewer bytes.
  const sorted = point("m", { "\u{1F600}": "1", "\uFF5E": "2", B: "3", a: "4" }, {
    "\u{1F600}": 1,
    "\uFF5E": 2,
  });
  assertEquals(encode([sorted]), "m,B=3,a=4,\uFF5E=2,\u{1F600}=1 \uFF5E=2,\u{1F600}=1 1700000000000000001\n");
});

Deno.test("encodeLineProtocol() guards names that parsers would skip", () => {
  assertEquals(encode([point("#m", {}, { v: 1 })]), "\\#m v=1 1700000000000000001\n");
  assertEquals(encode([point("\t", {}, { "\0": 1 })]), "\\\t \\\0=1 1700000000000000001\n");
  assertEquals(encode([point("m", {}, { "#v": 1 })]), "m #v=1 1700000000000000001\n");
});

Deno.test("encodeLineProtocol() leaves out backslashes that would undo a field key's escape", () => {
  assertEquals(encode([point("m", {}, { "a\\\\,b\\c": 1 })]), "m a\\,b\\c=1 1700000000000000001\n");
});

Deno.test("encodeLineProtocol() writes tags as fields where the series key would exceed 65535 bytes", () => {
  const tags: Record<string, string> = {};
  for (let i = 0; i < 70; i++) tags[`t${i}`] = "x".repeat(900 + i);
  tags["spaced"] = "a\\, ".repeat(250) + "z";
  const big = point("m", tags, { v: 1 });
  const body = encodeLineProtocol([big], NO_TAGS);
  // Refuses a series key that is too long.
  const [decoded] = decodeLineProtocol(body);
  assertEquals((decoded?.tags.size ?? 0) + (decoded?.fields.size ?? 0), 72);
  assertEquals(decoded?.fields.get("spaced"), tags["spaced"]);
  assertEquals(decoded?.fields.get("t69"), "x".repeat(969));
  assertEquals(decoded?.tags.get("t0"), "x".repeat(900));
});
