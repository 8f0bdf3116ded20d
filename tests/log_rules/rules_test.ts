import { assert, assertEquals } from "@std/assert";
import { createLogRules, type RuledLog } from "../../src/log_rules/rules.ts";

function logOf(more: Partial<RuledLog> = {}): RuledLog {
  return {
    from: "function",
    status: "info",
    requestId: "r1",
    isCold: () => false,
    member: () => undefined,
    ...more,
  };
}

/** What is left of a message, or why nothing is. */
function run(rules: readonly unknown[], text: string, more: Partial<RuledLog> = {}): string {
  const decision = createLogRules(rules).rules.apply(logOf(more), text);
  return decision.kept ? decision.text : decision.reason;
}

Deno.test("rules: exclude drops what it finds, include what it does not", () => {
  assertEquals(run([{ exclude: "health" }], "GET /healthz"), "filtered");
  assertEquals(run([{ exclude: "health" }], "GET /orders"), "GET /orders");
  assertEquals(run([{ include: "order|payment" }], "GET /orders"), "GET /orders");
  assertEquals(run([{ include: "order|payment" }], "GET /users"), "filtered");
});

Deno.test("rules: a mask changes the text that later rules see", () => {
  const mask = { mask: "\\d{4}", with: "[n$&]" };
  assertEquals(run([mask], "card 4711"), "card [n4711]");
  assertEquals(run([{ mask: "4711" }, { exclude: "4711" }], "card 4711"), "card ******");
  assertEquals(run([{ exclude: "4711" }, { mask: "4711" }], "card 4711"), "filtered");
});

Deno.test("rules: named masks are there, and reach the other texts of a log", () => {
  const { rules } = createLogRules([{ mask: "secrets" }, { mask: "email", with: "[mail]" }]);
  const decision = rules.apply(logOf(), "password=abc of bob@example.com");
  assert(decision.kept);
  assertEquals(decision.text, "password=****** of [mail]");
  assertEquals(decision.mask?.("token=abc a@b.example", "any"), "token=****** [mail]");
});

Deno.test("rules: a mask of a member leaves the message and the other members alone", () => {
  const { rules } = createLogRules([{ mask: "\\d+", when: { key: "card" } }, { mask: "b" }]);
  const decision = rules.apply(logOf(), "ab 4711");
  assert(decision.kept);
  assertEquals(decision.text, "a****** 4711");
  assertEquals([decision.mask?.("4711", "card"), decision.mask?.("4711", "order")], ["******", "4711"]);
});

Deno.test("rules: when says where, at which level, in which member", () => {
  const quiet = { exclude: "x", when: { level: "debug, INFO", from: "function" } };
  assertEquals(run([quiet], "x"), "filtered");
  assertEquals(run([quiet], "x", { status: "error" }), "x");
  assertEquals(run([quiet], "x", { from: "extension" }), "x");
  const member = { exclude: "^/health", when: { key: "path" } };
  assertEquals(run([member], "x", { member: (key) => key === "path" ? "/healthz" : undefined }), "filtered");
  assertEquals(run([member], "/health"), "/health");
});

Deno.test("rules: who takes what sampling leaves out gets it with all masks, and nothing that is excluded", () => {
  const { rules } = createLogRules([{ sample: 0 }, { mask: "4711" }, { exclude: "noise" }, { sample: 0 }]);
  const decision = rules.apply(logOf(), "card 4711", true);
  assert(decision.kept);
  assertEquals([decision.text, decision.sampledOut], ["card ******", true]);
  assertEquals(decision.mask?.("4711", "any"), "******");
  assertEquals(rules.apply(logOf(), "noise", true), { kept: false, reason: "filtered", rule: 2 });
  assertEquals(rules.apply(logOf(), "card 4711"), { kept: false, reason: "sampled_out", rule: 0 });
  assertEquals(rules.hits, [3, 1, 1, 1]);
});

Deno.test("rules: sample keeps whole requests, about as many as it says", () => {
  const { rules } = createLogRules([{ sample: 0.3 }]);
  let kept = 0;
  for (let i = 0; i < 4000; i++) {
    const log = logOf({ requestId: `3da1f2dc-3222-475e-9205-${i}` });
    const [first, second] = [rules.apply(log, "a"), rules.apply(log, "b")];
    assertEquals(first.kept, second.kept);
    if (first.kept) kept++;
  }
  assert(Math.abs(kept / 4000 - 0.3) < 0.03, String(kept));
  assertEquals(run([{ sample: 0 }], "x"), "sampled_out");
  assertEquals(run([{ sample: 1 }], "x"), "x");
});

Deno.test("rules: a broken rule costs only itself, and says what is wrong", () => {
  const texts = [
    "x",
    {},
    { exclude: "a", include: "b" },
    { exclude: "(" },
    { exclude: "(?=a)" },
    { exclude: 7 },
    { exclude: "" },
    { sample: 2 },
    { exclude: "a", when: { level: "loud" } },
    { exclude: "a", when: { form: "function" } },
    { exclude: "a", when: { from: "span" } },
    { exclude: "a", when: { stage: "warm" } },
    { mask: "a", when: { from: "span", level: "info" } },
    { sample: 1, unless: "luck" },
    { exclude: "a", unless: "error" },
    { exclude: "a", also: 1 },
    { exclude: "gone" },
  ];
  const { rules, bad } = createLogRules(texts);
  assertEquals(bad.map(({ index }) => index), Array.from({ length: 16 }, (_, index) => index));
  assert(bad.every(({ broken }) => broken.startsWith("must ")), JSON.stringify(bad));
  assertEquals(rules.apply(logOf(), "gone").kept, false);
  assertEquals(rules.apply(logOf(), "here").kept, true);
  assertEquals(rules.hits, [...Array.from({ length: 16 }, () => 0), 1]);
});

Deno.test("rules: what a rule names is never taken from an object's prototype", () => {
  assertEquals(createLogRules([{ mask: "constructor" }, { mask: "toString" }]).bad, []);
  assertEquals(run([{ mask: "constructor" }], "a constructor"), "a ******");
});

Deno.test("rules: a cold start is asked for as a stage, and spared from sampling", () => {
  const cold = { isCold: () => true };
  assertEquals(run([{ exclude: "x", when: { stage: "cold" } }], "x", cold), "filtered");
  assertEquals(run([{ exclude: "x", when: { stage: "cold" } }], "x"), "x");
  assertEquals(run([{ sample: 0, unless: "error, cold" }], "x", cold), "x");
  assertEquals(run([{ sample: 0, unless: "error, cold" }], "x"), "sampled_out");
  assertEquals(run([{ sample: 0, unless: "error" }], "x", cold), "sampled_out");
});

Deno.test("rules: a log that was sampled tells the share it stands for", () => {
  const share = (rules: readonly unknown[], more: Partial<RuledLog> = {}): unknown => {
    const decision = createLogRules(rules).rules.apply(logOf(more), "x");
    return decision.kept && decision.share;
  };
  assertEquals(share([{ sample: 1 }]), 1);
  assertEquals(share([{ exclude: "y" }]), undefined);
  assertEquals(share([{ sample: 0.5, when: { level: "debug" } }]), undefined);
  assertEquals(share([{ sample: 0.5, unless: "cold" }], { isCold: () => true }), undefined);
  const ids = Array.from({ length: 40 }, (_, index) => `r${index}`);
  const kept = ids.map((requestId) => share([{ sample: 0.5 }, { sample: 0.5 }], { requestId }));
  assertEquals(new Set(kept), new Set([false, 0.25]));
});

Deno.test("rules: what is for spans is for no log, and the other way round", () => {
  const { rules } = createLogRules([{ mask: "b", when: { from: "span" } }, { mask: "a" }]);
  const decision = rules.apply(logOf(), "ab");
  assertEquals(decision.kept && [decision.text, decision.mask?.("ab", "k")], ["******b", "******b"]);
  assertEquals(rules.spanMask?.("ab", "k"), "a******");
  assertEquals(createLogRules([{ mask: "a" }]).rules.spanMask, undefined);
});
