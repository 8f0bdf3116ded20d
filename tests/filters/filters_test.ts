import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createFilters, parseRules } from "../../src/filters/mod.ts";
import { parseCondition } from "../../src/filters/parser.ts";
import { re2RegExp } from "../../src/filters/re2.ts";
import { FilterSyntaxError } from "../../src/filters/tokens.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import type { PointDraft } from "../../src/point/point.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { longContent, textOfString } from "../../src/point/long_text.ts";
import { createTimeSlice } from "../../src/time_slice.ts";
import { pointsOf } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

const DRAFT: PointDraft = {
  category: "logging",
  measurement: "app",
  tags: [["service", "web"]],
  fields: [["message", "hello"], ["status", "debug"], ["code", 5n]],
  timeNs: 1_700_000_000_000_000_000n,
};

interface Outcome {
  /** Measurements. */
  readonly kept: readonly string[];
  readonly refused: readonly string[];
  readonly problems: readonly string[];
}

/** What is kept of points by rules, and how many were refused. */
function keep(rules: Readonly<Record<string, readonly string[]>>, ...drafts: Partial<PointDraft>[]): Outcome {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e6, ledger });
  const filters = createFilters({
    commonTags: () => new Map([["region", "eu"], ["service", "common"]]),
    ledger,
  });
  const parsed = parseRules(JSON.stringify(rules));
  filters.replace(parsed.rules);
  const intake = createIntakeHub({ store: filters.door(store), ledger }).of("otlp");
  for (const draft of drafts) intake.write({ ...DRAFT, ...draft });
  const kept = store.categories().flatMap((category) => {
    const batch = store.take(category, { maxBytes: 1e6 });
    return batch === undefined ? [] : pointsOf(batch);
  });
  const refused = ledger.refusals().map(({ source, reason, count }) => `${source} ${reason} ${count}`);
  return { kept: kept.map(({ measurement }) => measurement), refused, problems: parsed.problems };
}

Deno.test("filters keep out the points of their category for which a condition holds, counted", () => {
  const rules = { logging: ["{ status = 'info' }", "{ status in ['debug'] and code > 4 }"] };
  assertEquals(
    keep(rules, { measurement: "a" }, { measurement: "b", fields: [["status", "warn"], ["code", 5n]] }, {
      measurement: "c",
      category: "tracing",
    }),
    { kept: ["b", "c"], refused: ["otlp filtered 1"], problems: [] },
  );
});

Deno.test("filters see the common tags that a point does not have itself", () => {
  assertEquals(keep({ logging: ["{ region = 'eu' }"] }, {}).refused, ["otlp filtered 1"]);
  assertEquals(keep({ logging: ["{ region = 'eu' }"] }, { ownTagsOnly: true }).refused, []);
  assertEquals(keep({ logging: ["{ service = 'common' }"] }, {}).refused, []);
  assertEquals(keep({ logging: ["{ service = 'common' }"] }, { tags: [] }).refused, ["otlp filtered 1"]);
});

Deno.test("filters know the category, and the measurement by its name in the category", () => {
  const names = { logging: "source", metric: "measurement", object: "class", rum: "source" } as const;
  for (const [category, key] of Object.entries(names)) {
    const draft = { category, fields: [["value", 1n]] } as Partial<PointDraft>;
    for (const other of ["source", "measurement", "class"]) {
      const { refused } = keep({ [category]: [`{ ${other} = 'app' and category = '${category}' }`] }, draft);
      assertEquals(refused, other === key ? ["otlp filtered 1"] : [], `${other} of ${category}`);
    }
  }
});

Deno.test("filters that cannot be read are told of and left out, the others count", () => {
  const { refused, problems } = keep({ logging: ["{ status = }", "{ status = 'debug' }"], logs: ["{}"] }, {});
  assertEquals(refused, ["otlp filtered 1"]);
  assertEquals(problems, [
    'Cannot use the filter "{ status = }" of logging as it must not have "}" there',
    'Cannot use the filters of "logs", no category',
  ]);
  for (const text of ["", "[]", "{", "null", '{"logging":"{}"}', '{"logging":[1]}']) {
    assertMatch(parseRules(text).problems.join(), /^Cannot use /, text);
  }
});

Deno.test("conditions too deep or too long are refused, and long ones that are not are judged", () => {
  const chain = (length: number): string => `{ ${Array(length).fill("code = 6").join(" or ")} or code = 5 }`;
  assertThrows(() => parseCondition(chain(2000)), FilterSyntaxError, "must have at most 1000 operators");
  assertThrows(() => parseCondition(`{ ${"(".repeat(5000)}a = 1`), FilterSyntaxError, "100 deep");
  assertThrows(() => parseCondition(`{ a ${"^ 1 ".repeat(5000)} = 1}`), FilterSyntaxError, "100 deep");
  assertEquals(keep({ logging: [chain(400)] }, {}).refused, ["otlp filtered 1"]);
});

Deno.test("patterns of Go that JavaScript cannot run in linear time are refused in words", () => {
  for (
    const [pattern, rule] of [["(?m)^a", /flag m/], ["\\pL", /\\p/], ["(?=a)", /Go/], ["a**", /Go/], [
      "(?i)[à-ý]",
      /case/,
    ]] as const
  ) {
    const made = re2RegExp(pattern);
    assertMatch("broken" in made ? made.broken : "", rule, pattern);
  }
  assertThrows(() => parseCondition("{ a match ['\\\\pL'] }"), FilterSyntaxError, 'in the pattern "\\\\pL"');
});

scenario("a filter looks only at what it asks for: values of megabytes cost nothing", async () => {
  const ledger = createLedger();
  const filters = createFilters({ commonTags: () => new Map(), ledger });
  filters.replace(
    parseRules(JSON.stringify({ tracing: ["{ service = 'web' and status in ['debug'] }"] })).rules,
  );
  const door = filters.door({ append: () => {} });
  const bytes = encodePoint({
    category: "tracing",
    measurement: "app",
    tags: new Map([["service", "web"]]),
    fields: new Map([["message", "é漢字".repeat(1_500_000)], ["status", "debug"]]),
    timeNs: 1n,
  });
  const ms = await longestTurnMs(async () => {
    await Promise.resolve();
    door.append("otlp", "tracing", bytes, bytes.length, 0);
  });
  assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  assertEquals(ledger.refusals().map(({ reason }) => reason), ["filtered"]);
});

/** How many points are kept of a span or log whose long texts are written in steps. */
async function keptOfLong(
  conditions: readonly string[],
  fields: readonly (readonly [key: string, text: string])[],
  category: "tracing" | "logging" = "tracing",
): Promise<number> {
  const ledger = createLedger();
  const filters = createFilters({ commonTags: () => new Map([["region", "eu"]]), ledger });
  filters.replace(parseRules(JSON.stringify({ [category]: conditions })).rules);
  let kept = 0;
  const store = filters.door({ append: () => void kept++ });
  const { writer, begin } = createIntakeHub({ store, ledger }).of("otlp");
  const kind = writer.kind(category, "opentelemetry");
  begin(kind);
  writer.tag(kind.keys.of("service"), "web");
  for (const [key, text] of fields) writer.long(kind.keys.of(key), longContent(textOfString(text)));
  assert(writer.endAt(1n));
  await writer.finishLong(createTimeSlice());
  assertEquals(ledger.refusals().map(({ reason }) => reason), kept === 0 ? ["filtered"] : []);
  return kept;
}

Deno.test("a span of megabytes is judged in steps as a short one is", async () => {
  const long = "日本 text ".repeat(900_000);
  const kept = (condition: string): Promise<number> =>
    keptOfLong([condition], [["message", `begin ${long}`], ["other", long]]);
  for (
    const condition of [
      "{ message match ['^begin'] }",
      "{ service = 'web' and message != 'begin' }",
      "{ message > 'begin' }",
      "{ region = 'eu' and other match ['text 日'] }",
      "{ none = nil }",
    ]
  ) assertEquals(await kept(condition), 0, condition);
  for (
    const condition of [
      "{ message match ['^text'] }",
      "{ message = 'begin' }",
      "{ message < 'begin' }",
      "{ message = nil }",
      "{ other in ['a', 'b'] }",
    ]
  ) assertEquals(await kept(condition), 1, condition);
});

scenario("the event loop runs while many patterns are looked for in a text of megabytes", async () => {
  const long = "日本 text of a line ".repeat(450_000);
  const conditions = Array.from({ length: 12 }, (_, n) => `{ message match ['[a-z]+ nothing${n}$'] }`);
  for (const category of ["tracing", "logging"] as const) {
    let kept = 0;
    const ms = await longestTurnMs(async () => {
      kept = await keptOfLong(conditions, [["message", long]], category);
    });
    // A log's message is in parts, of which each is judged.
    assert(category === "tracing" ? kept === 1 : kept > 10, `${kept}`);
    assert(ms <= LONGEST_TURN_MS, `${category}: ${ms} ms`);
  }
});
