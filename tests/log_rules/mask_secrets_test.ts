import { assert, assertEquals } from "@std/assert";
import { isSecretKey, maskSecrets } from "../../src/log_rules/mask_secrets.ts";
import { NAMED_MASKS } from "../../src/log_rules/masks.ts";
import { cpuMs } from "../support/cpu_time.ts";

const SECRET = "s3cr3t-V4lue";

/** Each holds a secret once, where § is; `*` shows what is to be left of the line. */
const LINES: readonly (readonly [line: string, masked: string])[] = [
  ["password=§", "password=*"],
  ["password = §, user=bob", "password = *, user=bob"],
  ["PASSWORD: §", "PASSWORD: *"],
  ["DB_PASSWORD=§;Host=db", "DB_PASSWORD=*;Host=db"],
  ["dbPassword='§' next", "dbPassword='*' next"],
  ["passwd:§}", "passwd:*}"],
  ["api_key=§&x=1", "api_key=*&x=1"],
  ["x-api-key: §", "x-api-key: *"],
  ["apiKey => '§'", "apiKey => '*'"],
  ["aws_secret_access_key=§", "aws_secret_access_key=*"],
  ["AWS_SESSION_TOKEN=§", "AWS_SESSION_TOKEN=*"],
  ["client_secret: §", "client_secret: *"],
  ["GET https://a.example/v1?token=§&page=2 200", "GET https://a.example/v1?token=*&page=2 200"],
  ["https://openway.guance.com?token=§", "https://openway.guance.com?token=*"],
  ["Authorization: Bearer §", "Authorization: Bearer *"],
  ["Authorization: Basic §\nHost: a", "Authorization: Basic *\nHost: a"],
  [
    '{"headers":{"authorization":"Bearer §","host":"a"}}',
    '{"headers":{"authorization":"Bearer *","host":"a"}}',
  ],
  ["Cookie: sid=§; theme=dark", "Cookie: *"],
  ["set-cookie: sid=§; Path=/", "set-cookie: *"],
  ['{"user":"bob","password":"§","n":1}', '{"user":"bob","password":"*","n":1}'],
  ['{"password" : "§"}', '{"password" : "*"}'],
  ["DB_PASS=§ n", "DB_PASS=* n"],
  ['{"dbPass":"§","n":1}', '{"dbPass":"*","n":1}'],
  ['{\\"password\\":\\"§\\",\\"n\\":1}', '{\\"password\\":\\"*\\",\\"n\\":1}'],
  ['{"refresh_token":"a\\"§"}', '{"refresh_token":"*"}'],
  ["{ accessToken: '§', expires: 3600 }", "{ accessToken: '*', expires: 3600 }"],
  ["postgres://bob:§@db.example:5432/shop", "postgres://bob:*@db.example:5432/shop"],
  ["redis://:§@cache:6379", "redis://:*@cache:6379"],
  [
    "Error: cannot connect with password=§\n    at connect (/var/task/db.js:10:7)",
    "Error: cannot connect with password=*\n    at connect (/var/task/db.js:10:7)",
  ],
  ["['credential': '§']", "['credential': '*']"],
];

for (const [line, masked] of LINES) {
  Deno.test(`maskSecrets() masks the value in ${JSON.stringify(line)}`, () => {
    assertEquals(maskSecrets(line.replace("§", SECRET)), masked.replace("*", "******"));
  });
}

const FORMS: readonly string[] = [
  "AKIAIOSFODNN7EXAMPLE",
  "ASIAIOSFODNN7EXAMPLE",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
  "tkn_0123456789abcdef",
  "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
];

for (const form of FORMS) {
  Deno.test(`maskSecrets() knows ${form.slice(0, 30)} by its form`, () => {
    assertEquals(maskSecrets(`before ${form} after`), "before ****** after");
    assertEquals(maskSecrets(JSON.stringify({ a: form, b: 1 })).includes(form.slice(8, 20)), false);
  });
}

Deno.test("maskSecrets() keeps JSON valid where a secret is a number", () => {
  assertEquals(maskSecrets('{"pwd":1234,"n":1}'), '{"pwd":"******","n":1}');
});

/** What looks like a secret's key and is none, and what has no value. */
const INNOCENT: readonly string[] = [
  "max_tokens=4096 total_tokens: 17",
  "passwordHash=ab12",
  "tests_pass=5 first-pass: ok bypass=1 pass=2 passed=3 db_passes=4",
  '{"password":null,"token":"","secret":{}}',
  "the token was refreshed",
  "keyboard: qwerty, monkey=2, hotkey: F5",
  "https://example.com:8080/path@x",
  "see https://example.com/a:b@c for more",
  "mailto:bob@example.com",
  "key=value partition_key=17",
  "tokenizer: bpe",
  "secretary: Bob",
  "password=****** api_key=<hidden>",
  "2026-11-25T12:00:00.000Z INFO handled the order 4711 in 12 ms",
  "Basic auth is on",
];

for (const line of INNOCENT) {
  Deno.test(`maskSecrets() leaves ${JSON.stringify(line)} as it is`, () => {
    assertEquals(maskSecrets(line), line);
  });
}

Deno.test("maskSecrets() masks what only looks like a secret: these are known", () => {
  assertEquals(maskSecrets("PWD=/var/task"), "PWD=******");
  assertEquals(maskSecrets("The secret: be kind"), "The secret: ****** kind");
  assertEquals(maskSecrets("next token: )"), "next token: )");
});

Deno.test("maskSecrets() takes time that grows with the text only", () => {
  const hostile = [
    "password=".repeat(20_000),
    '"password":"'.repeat(20_000),
    "token:".repeat(30_000) + "\\".repeat(50_000),
    "://" + "a:".repeat(80_000),
    "-----BEGIN PRIVATE KEY-----".repeat(8_000),
    "eyJ" + "a".repeat(200_000) + ".eyJ",
    "token:[".repeat(36_000) + "{",
    '"token":["'.repeat(25_000),
    'token:["a",'.repeat(23_000),
    "<password ".repeat(25_000),
    `<${"a".repeat(250_000)}password`,
    `${"-".repeat(125_000)}password ${"--token ".repeat(15_000)}`,
    `password="${"\\".repeat(250_000)}`,
    `token=\\"${'\\\\\\"'.repeat(60_000)}`,
    "token={".repeat(36_000),
    "cookie:[{".repeat(28_000),
    `-----BEGIN PRIVATE KEY-----${"\\".repeat(250_000)}`,
    "-----BEGIN PRIVATE KEY-----" + "aB3+".repeat(60_000),
    "Bearer ".repeat(36_000) + "x".repeat(15),
    "https://" + "a".repeat(300) + ":".repeat(250_000),
    "sk-".repeat(80_000),
    "a:secret:".repeat(28_000),
    "password='" + "' password '".repeat(20_000),
  ];
  for (const text of hostile) {
    const startedAt = cpuMs();
    maskSecrets(text);
    const tookMs = cpuMs() - startedAt;
    assert(tookMs < 500, `${tookMs} ms for ${text.slice(0, 20)}`);
  }
});

Deno.test("isSecretKey() knows a field by its name", () => {
  for (const key of ["password", "db_password", "x-api-key", "accessToken", "Authorization", "set-cookie"]) {
    assert(isSecretKey(key), key);
  }
  for (const key of ["message", "max_tokens", "passwordHash", "token_count", "keys"]) {
    assert(!isSecretKey(key), key);
  }
});

Deno.test("named masks find emails, card numbers and addresses, and nothing else", () => {
  const mask = (name: string, text: string): string | undefined => NAMED_MASKS[name]?.("[x]")(text);
  assertEquals(mask("email", "to bob.b+1@mail.example.com, cc @bob"), "to [x], cc @bob");
  assertEquals(mask("card", "4111 1111 1111 1111 and 4111111111111112"), "[x] and 4111111111111112");
  assertEquals(
    mask("card", "0000 0000 0000 0000, 1700000000000000001"),
    "0000 0000 0000 0000, 1700000000000000001",
  );
  assertEquals(mask("ipv4", "10.0.0.1:80, 1.2.3, 300.1.1.1, v1.2.3.4.5"), "[x]:80, 1.2.3, 300.1.1.1, v1.[x]");
});
