import { assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { readLogRules } from "../../src/config/log_rules.ts";
import { createSettingReader } from "../../src/config/reader.ts";

/** Rules, and what was wrong with which setting. */
function read(env: Readonly<Record<string, string>>): readonly [readonly unknown[], readonly string[]] {
  const reader = createSettingReader(env);
  const rules = readLogRules(reader);
  return [rules, reader.problems.map(({ name }) => name)];
}

const SECRETS = { mask: "secrets" };

Deno.test("readLogRules() puts the level first, then masks, shortcuts and the list", () => {
  assertEquals(read({}), [[SECRETS], []]);
  assertEquals(
    read({
      ENV_AWSLAMBDA_LOG_LEVEL: "WARN",
      ENV_AWSLAMBDA_LOG_EXCLUDE: "healthz|ping",
      ENV_AWSLAMBDA_LOG_INCLUDE: "order",
      ENV_AWSLAMBDA_LOG_RULES: '[{"sample":0.5}]',
    }),
    [[
      { exclude: "^", when: { level: "debug,info,OK,notice" } },
      SECRETS,
      { exclude: "healthz|ping" },
      { include: "order" },
      { sample: 0.5 },
    ], []],
  );
});

Deno.test("readLogRules() takes names of masks, and behind them a pattern as it is", () => {
  const masks = (text: string): unknown => read({ ENV_AWSLAMBDA_LOG_MASK: text });
  assertEquals(masks("off"), [[], []]);
  assertEquals(masks("secrets, card email"), [[SECRETS, { mask: "card" }, { mask: "email" }], []]);
  assertEquals(masks("secrets,\\d{3,4} [a-z,]+"), [[SECRETS, { mask: "\\d{3,4} [a-z,]+" }], []]);
  assertEquals(masks("\\bid-\\d+"), [[{ mask: "\\bid-\\d+" }], []]);
  assertEquals(masks('["secrets","a, b\\\\d"]'), [[SECRETS, { mask: "a, b\\d" }], []]);
  assertEquals(masks("secrets,emial"), [[SECRETS], ["ENV_AWSLAMBDA_LOG_MASK"]]);
  assertEquals(masks("secrets,(x"), [[SECRETS], ["ENV_AWSLAMBDA_LOG_MASK"]]);
});

Deno.test("readLogRules() leaves out what cannot be used, and says so", () => {
  assertEquals(
    read({
      ENV_AWSLAMBDA_LOG_LEVEL: "loud",
      ENV_AWSLAMBDA_LOG_EXCLUDE: "(?=x)",
      ENV_AWSLAMBDA_LOG_INCLUDE: "(",
      ENV_AWSLAMBDA_LOG_RULES: "{}",
    }),
    [[SECRETS], [
      "ENV_AWSLAMBDA_LOG_LEVEL",
      "ENV_AWSLAMBDA_LOG_EXCLUDE",
      "ENV_AWSLAMBDA_LOG_INCLUDE",
      "ENV_AWSLAMBDA_LOG_RULES",
    ]],
  );
  const [rules, problems] = read({ ENV_AWSLAMBDA_LOG_RULES: '[{"exclude":"a"},{"exclude":"("},7]' });
  // Their numbers stay those of the user's list.
  assertEquals(rules, [SECRETS, { exclude: "a" }, { exclude: "(" }, 7]);
  assertEquals(problems, ["ENV_AWSLAMBDA_LOG_RULES", "ENV_AWSLAMBDA_LOG_RULES"]);
});

Deno.test("parseConfig() tells of outcomes that no recorder waits for", () => {
  const rules = '[{"sample":0.1,"unless":"cold,error"}]';
  const named = (env: Readonly<Record<string, string>>): readonly string[] =>
    parseConfig({ ENV_AWSLAMBDA_LOG_RULES: rules, ...env }).problems.map(({ name }) => name)
      .filter((name) => name === "ENV_AWSLAMBDA_LOG_RULES");
  assertEquals(named({}), ["ENV_AWSLAMBDA_LOG_RULES"]);
  assertEquals(named({ ENV_AWSLAMBDA_RECORDER: "on" }), []);
  assertEquals(named({ ENV_AWSLAMBDA_LOG_RULES: '[{"sample":0.1,"unless":"cold"}]' }), []);
});
