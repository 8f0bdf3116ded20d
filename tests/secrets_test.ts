import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createRedactor, redactLooks, secretsIn } from "../src/secrets.ts";

Deno.test("redactLooks() masks what looks like a secret, and nothing else", () => {
  const cases: readonly (readonly [text: string, safe: string])[] = [
    ["unknown token tkn_abc/def, bye", "unknown token ***, bye"],
    ["TKN_ABC", "***"],
    ["https://h/v1?token=a%2Fb&x=1", "https://h/v1?token=***&x=1"],
    ['{"token":"abc","api_key": "d"}', '{"token":"***","api_key": "***"}'],
    ['{\\"token\\":\\"abc\\"}', '{\\"token\\":\\"***\\"}'],
    ["https://user:p@ss/w@h:1/x", "https://***@h:1/x"],
    ["https://user@h", "https://***@h"],
    [
      "host: h proxy-authorization: Basic dXNlcjpw accept: x",
      "host: h proxy-authorization: Basic *** accept: x",
    ],
    ['{"Authorization":"Bearer abc.def"}', '{"Authorization":"Bearer ***"}'],
    ['current value is "user:pass@host:1"', 'current value is "***@host:1"'],
    ["a=user:pass@host", "a=***@host"],
    ["at 10:20:30 from a@b.example to http://h:1/p", "at 10:20:30 from a@b.example to http://h:1/p"],
    ["arn:aws:secretsmanager:us-east-1:1:secret:x-AbC", "arn:aws:secretsmanager:us-east-1:1:secret:x-AbC"],
  ];
  for (const [text, safe] of cases) assertEquals(redactLooks(text), safe);
});

Deno.test("secretsIn() knows variables by their names, and the tokens and passwords in any", () => {
  const env = {
    ENV_DATAWAY: "https://h?token=plain1234,https://i?x=1&token=second99",
    MY_API_KEY: "abcdefgh",
    USE_TOKEN: "on",
    AWS_SESSION_TOKEN: "session-session",
    DATABASE_URL: "postgres://user:pass%20word@db/x",
    PROXY: "user:hunter22@p:1",
    PATH: "/usr/bin:/bin",
    UNSET: undefined,
  };
  assertEquals(
    secretsIn(env),
    new Set(["plain1234", "second99", "abcdefgh", "session-session", "pass%20word", "hunter22"]),
  );
});

Deno.test("createRedactor() masks secrets in any case, encoded or not, and the longer of two first", () => {
  const redact = createRedactor(["a/b-secret", "abcdef", "abcdefghi", "x"]);
  assertEquals(redact("A/B-Secret a%2Fb-secret abcdefghi abcdefg x"), "*** *** *** ***g x");
});

Deno.test("createRedactor() masks a secret in each way in which a server may quote it", () => {
  const redact = createRedactor(["a+b/c$(d) é&%3D", "%zz%zz", 'back\\slash"quote', "pass%20word"]);
  const quoted = [
    "a+b/c$(d) é&%3D",
    "a%2Bb%2Fc%24%28d%29%20%C3%A9%26%253D",
    "a%2bb/c$(d)+%c3%a9%26%253d",
    "a%252Bb%252Fc%2524(d)%2520%25C3%25A9%2526%25253D",
    "a+b\\/c$(d) \\u00e9\\u0026%3D",
    "a+b&#x2F;c$(d) &#233;&amp;%3D",
    "a+b/c$(d) é&=",
    "%zz%zz",
    "%25zz%25zz",
    'back\\slash"quote',
    'back\\\\slash\\"quote',
    "back%5Cslash&quot;quote",
    "pass word",
    "pass+word",
    "pass%20word",
    "pass%2520word",
  ];
  for (const text of quoted) assertEquals(redact(`<${text}>`), "<***>", text);
});

Deno.test("createRedactor() masks in linear time", () => {
  const redact = createRedactor(["\\".repeat(200), "%".repeat(200)]);
  const started = performance.now();
  redact(`${"\\".repeat(199)}x`.repeat(10) + `${"%25".repeat(199)}x`.repeat(10));
  assert(performance.now() - started < 1000);
});

Deno.test("createRedactor() leaves no secret in any text around it", () => {
  const word = fc.string({ minLength: 6, maxLength: 30 }).filter((text) => !/^\*+$/.test(text));
  fc.assert(fc.property(word, fc.string(), fc.string(), (secret, before, after) => {
    assertEquals(createRedactor([secret])(`${before}${secret}${after}`).includes(secret), false);
  }));
});
