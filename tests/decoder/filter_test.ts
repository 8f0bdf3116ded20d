/** Conditions of filters on points, judged by DataKit's own library too. Needs Go; `deno task test:decoder`. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { holds } from "../../src/filters/evaluate.ts";
import { parseCondition } from "../../src/filters/parser.ts";
import { FilterSyntaxError } from "../../src/filters/tokens.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import { batchOfPoints } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

const FOLDER = new URL("go/", import.meta.url).pathname;
const PROGRAM = new URL("../../.cache/filter_judge", import.meta.url).pathname;
const NO_TAGS = encodeCommonTags(new Map(), createCommonKeys([]));
const SEED = 20261125;
const RUNS = 20_000;
/** What the library allows that never holds there, and what its own evaluation fails on, is refused here in words. */
const STRICTER = /call a function|in the pattern/;

const anyKey = fc.constantFrom(
  "a",
  "b",
  "c",
  "d",
  "text",
  "missing",
  "`a`",
  "identifier('b')",
  "a.b",
  'IDENTIFIER("c")',
);
const anyPattern = fc.constantFrom(
  "^a",
  "b$",
  "a.c",
  "(?i)AB",
  "[[:alpha:]]+",
  "^$",
  "x*",
  "\\d{2,3}",
  "(?s)a.b",
  "\\bok\\b",
  "[^a]",
  "^.$",
  "^.{2}$",
  "^[^x]$",
  "\\Qa.b\\E+",
  "(?i:k)s",
  "(?i)[a-c]",
  "\\x41|\\x{1F600}",
  "\\s",
  "^\\S+$",
  "a|",
  "(?P<n>a)b?",
  "[]a]",
  "[a\\]-]",
  "\\pL",
  "(?m)^a",
  "[",
  "*",
  "a**",
  "\\A.\\z",
  "(?U)a+",
  "a{1001}",
  "(?i)ſ",
  "é",
  "(?i)É",
);
const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const anyText = fc.constantFrom(
  "",
  "a",
  "ab",
  "a.b",
  "AB",
  "é",
  "😀",
  "1",
  "true",
  "a'b",
  'q"',
  "ok then",
  "a\nb",
  "K",
  "K",
  "s",
);
const anyNumber = fc.constantFrom(
  "0",
  "1",
  "-1",
  "+1",
  "1.0",
  "1.5",
  "0x1f",
  "017",
  "08",
  "1e3",
  "1e",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "inf",
  "-inf",
  "nan",
  "0.0000000001",
  "1.",
  ".5",
  "1s",
  "0x",
  "1_0",
  "2",
  "31",
  "15",
);
const anyLiteral = fc.oneof(
  anyText.map((text) => quoted(text).replaceAll("\n", "\\n")),
  anyNumber,
  fc.constantFrom(
    "true",
    "FALSE",
    "nil",
    "null",
    '"b"',
    "'\\x41'",
    "'\\x41b'",
    "'\\u00e9z'",
    "'\\101c'",
    "'\\q'",
    "'\\xe9z'",
    "'\\x41\\nz'",
  ),
);
const anyItem = fc.oneof({ weight: 9, arbitrary: anyLiteral }, {
  weight: 1,
  arbitrary: fc.constantFrom("a", "*", "re('a')"),
});
const anyOperator = fc.constantFrom("=", "!=", ">", ">=", "<", "<=");
const many = fc.constantFrom("in", "notin", "not_in", "IN", "NotIn");
const anyComparison: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(anyKey, anyOperator, anyLiteral).map((parts) => parts.join(" ")) },
  {
    weight: 2,
    arbitrary: fc.tuple(anyKey, anyOperator, anyPattern).map(([key, op, p]) =>
      `${key} ${op} re(${quoted(p)})`
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(anyKey, many, fc.array(anyItem, { maxLength: 3 })).map(([k, op, l]) =>
      `${k} ${op} [${l.join(", ")}]`
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(
      anyKey,
      fc.constantFrom("match", "notmatch", "MATCH"),
      fc.array(anyPattern, { minLength: 0, maxLength: 2 }),
    )
      .map(([k, op, l]) => `${k} ${op} [${l.map(quoted).join(",")}]`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(anyItem, fc.constantFrom("=", "!=", ">", "+", "/", "%", "^", "==", "-"), anyItem).map(
      (p) => p.join(" "),
    ),
  },
);
const { expression: anyExpression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyComparison,
    fc.tuple(tie("expression"), fc.constantFrom("and", "or", "&&", "||", "AND"), tie("expression")).map((p) =>
      p.join(" ")
    ),
    tie("expression").map((inner) => `(${inner})`),
  ),
}));
const anyBraces = fc.tuple(fc.array(anyExpression, { maxLength: 3 }), fc.constantFrom(", ", ",", ",,", " "))
  .map(([parts, comma]) => `{ ${parts.join(comma)} }`);
const anyCondition = fc.oneof(
  { weight: 20, arbitrary: fc.array(anyBraces, { minLength: 1, maxLength: 2 }).map((all) => all.join("; ")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "{}",
      ";",
      "; {a = 1}",
      "{a=1};",
      "{a=1}\n{b=1}",
      "{a=1",
      "# c\n{a=1}",
      "{,}",
      "{a}",
      "{(a=1)}",
      "a = 1",
      "{f(1)}",
      "{a = 1 | b = 1}",
      "{a in [,1]}",
      "{a in [1,]}",
      "{by = 1}",
      "{a = 'b}",
      "{ a = 1 }}",
      "{a = -1 - 1}",
    ),
  },
  { weight: 1, arbitrary: fc.string() },
);
const anyValue: fc.Arbitrary<FieldValue> = fc.oneof(
  anyText,
  fc.constantFrom<FieldValue>(0n, 1n, -1n, 31n, 15n, 2n ** 63n - 1n, 1, 1.5, 1e-10, 0, 8, 1000, true, false),
  fc.constantFrom<FieldValue>({ unsigned: 1n }, new Uint8Array([97]), [1n, 2n], ["a"]),
);
const anyPoint: fc.Arbitrary<Point> = fc.tuple(
  fc.dictionary(fc.constantFrom("a", "b", "c"), anyText.map((text) => text.replaceAll("\n", " ")), {
    noNullPrototype: true,
  }),
  fc.dictionary(fc.constantFrom("d", "text", "e"), anyValue, { noNullPrototype: true }),
).map(([tags, fields]) => ({
  category: "logging",
  measurement: "m",
  tags: new Map(Object.entries(tags)),
  fields: new Map(Object.entries({ ...fields, always: 1n })),
  timeNs: 1_700_000_000_000_000_000n,
}));

scenario(
  "filters hold for the same points as in DataKit's own library, and refuse what it refuses",
  async () => {
    await build();
    const cases = fc.sample(fc.tuple(anyCondition, fc.array(anyPoint, { minLength: 3, maxLength: 3 })), {
      seed: SEED,
      numRuns: RUNS,
    });
    const theirs = await judge(cases);
    const differences: unknown[] = [];
    const seen = { error: 0, panic: 0, stricter: 0, holds: 0, fails: 0 };
    for (const [index, [condition, points]] of cases.entries()) {
      const their = theirs[index] ?? "";
      const our = judgeHere(condition, points);
      if (their === "panic") seen.panic++;
      else if (STRICTER.test(our)) seen.stricter++;
      else {
        if ((our.startsWith("error") ? "error" : our) !== their) {
          differences.push({ condition, points, our, their });
        }
        if (their === "error") seen.error++;
        else for (const truth of their) seen[truth === "1" ? "holds" : "fails"]++;
      }
    }
    assertEquals(differences.slice(0, 3), []);
    assertGreater(seen.holds, RUNS / 10, "few conditions hold");
    assertGreater(seen.fails, RUNS / 10, "few conditions fail");
    assertGreater(seen.error, RUNS / 100, "few conditions are refused");
  },
);

function judgeHere(condition: string, points: readonly Point[]): string {
  try {
    const parsed = parseCondition(condition);
    return points.map(({ tags, fields }) =>
      holds(parsed, (key) => tags.get(key) ?? fields.get(key)) ? "1" : "0"
    ).join("");
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    return `error: ${error.message}`;
  }
}

async function build(): Promise<void> {
  const args = ["build", "-mod=readonly", "-o", PROGRAM, "./filter"];
  const { success, stderr } = await new Deno.Command("go", { args, cwd: FOLDER }).output();
  assert(success, new TextDecoder().decode(stderr));
}

async function judge(cases: readonly (readonly [string, readonly Point[]])[]): Promise<readonly string[]> {
  const child = new Deno.Command(PROGRAM, { stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const output = child.output();
  const lines = cases.map(([condition, points]) => {
    const body = ENCODINGS.v2.encode(batchOfPoints(points), NO_TAGS);
    return `${new TextEncoder().encode(condition).toBase64()} ${body.toBase64()}\n`;
  });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("")));
  await writer.close();
  const { success, stdout } = await output;
  assert(success);
  const answers = new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line.startsWith("="))
    .map((line) => line.slice(1));
  assertEquals(answers.length, cases.length);
  return answers;
}
