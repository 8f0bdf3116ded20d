/** No secret of the corpus leaves, and nothing else of it is changed. */
import { assertEquals } from "@std/assert";
import { maskSecrets } from "../../src/log_rules/mask_secrets.ts";
import {
  AROUND,
  BARE,
  BARE_VALUES,
  FORMS,
  INNOCENT,
  KEYS,
  LINES,
  MISTAKEN,
  QUOTED,
  QUOTED_VALUES,
} from "./corpus.ts";

const MASK = "******";

/** Where `line` without its secret is not what is left of it. */
function wrong(line: string, secret: string): readonly string[] {
  const masked = maskSecrets(line.replaceAll("§", () => secret));
  const right = line.replaceAll("§", MASK);
  return masked === right ? [] : [`${JSON.stringify(masked)} instead of ${JSON.stringify(right)}`];
}

Deno.test("no value of a secret's key leaves, bare or quoted, and nothing else changes", () => {
  const quoted = [...BARE_VALUES, ...QUOTED_VALUES];
  const faults = KEYS.flatMap((key) => [
    ...BARE.flatMap((line) => BARE_VALUES.flatMap((value) => wrong(line.replaceAll("<k>", key), value))),
    ...QUOTED.flatMap((line) => quoted.flatMap((value) => wrong(line.replaceAll("<k>", key), value))),
  ]);
  assertEquals(faults.slice(0, 20), [], `${faults.length} faults`);
});

Deno.test("no secret leaves that is known by its form, wherever it stands, and nothing else changes", () => {
  const faults = AROUND.flatMap((line) => FORMS.flatMap((secret) => wrong(line, secret)));
  assertEquals(faults, []);
});

Deno.test("no header's, address' or statement's secret leaves, and nothing else changes", () => {
  const values = ["hunter2", "s3cr3t-V4lue_x.y~z0123456789", "Zm9vYmFyYmF6cXV4Cg=="];
  assertEquals(LINES.flatMap((line) => values.flatMap((value) => wrong(line, value))), []);
});

Deno.test("what is no secret stays, but for what is known to be mistaken for one", () => {
  assertEquals(INNOCENT.filter((line) => maskSecrets(line) !== line), []);
  for (const [line, masked] of MISTAKEN) assertEquals(maskSecrets(line), masked);
});

Deno.test("what was masked is masked for good: masking it again changes nothing", () => {
  const lines = [...BARE, ...QUOTED].map((line) =>
    line.replaceAll("<k>", "db_password").replaceAll("§", MASK)
  );
  for (const line of [...lines, ...LINES.map((each) => each.replaceAll("§", MASK))]) {
    assertEquals(maskSecrets(line), line);
  }
});

Deno.test("a secret leaves neither in lists nor with quotes of its own, however deep in JSON", () => {
  const secret = 'a "quoted" one\\ and \\"more\\\\';
  let nested: unknown = {
    user: "bob",
    password: secret,
    tokens: 3,
    headers: { Cookie: [secret, "b"], n: [1] },
  };
  for (let depth = 0; depth < 4; depth++) {
    const text = JSON.stringify(nested);
    const masked = maskSecrets(text);
    assertEquals(/quoted|more/.test(masked), false, masked);
    // Still JSON, with everything else in its place.
    let inner: unknown = JSON.parse(masked);
    for (let level = 0; level < depth; level++) inner = JSON.parse(String(Object(inner)["body"]));
    assertEquals(inner, { user: "bob", password: MASK, tokens: 3, headers: { Cookie: [MASK], n: [1] } });
    nested = { body: text };
  }
});

Deno.test("lists, objects and templates under a secret's key", () => {
  const lines: readonly (readonly [string, string])[] = [
    ['{"token":[1,2],"n":1}', '{"token":["******"],"n":1}'],
    ['{"token":[],"secret":[{"password":"x","n":1}]}', '{"token":[],"secret":[{"password":"******","n":1}]}'],
    ["token: [a, b] n", "token: [******] n"],
    ["tokens=[a, b]", "tokens=[a, b]"],
    ["userPassword: {SSHA}W6ph5Mm5Pz8Ggi next", "userPassword: ****** next"],
    ["password=${db.password} token={token} secret=%s", "password=${db.password} token={token} secret=%s"],
    ["credentials: { user: 'bob', password: 'x' }", "credentials: { user: 'bob', password: '******' }"],
  ];
  for (const [line, masked] of lines) assertEquals(maskSecrets(line), masked);
});

Deno.test("what DataKit's own test asks for is masked", () => {
  // By the meaning of `log_sanitize_test.go` of its commit 70d94efd.
  const lines: readonly (readonly [string, string])[] = [
    ["AWS_ACCESS_KEY_ID=AKIA_TEST", "AWS_ACCESS_KEY_ID=******"],
    ["AWS_SECRET_ACCESS_KEY=secret-value", "AWS_SECRET_ACCESS_KEY=******"],
    ["AWS_SESSION_TOKEN=session-token", "AWS_SESSION_TOKEN=******"],
    ["DD_API_KEY=dd-api-key", "DD_API_KEY=******"],
    [
      "ENV_DATAWAY=http://openway.example?token=tkn_secret",
      "ENV_DATAWAY=http://openway.example?token=******",
    ],
    ['{"DD_API_KEY":"json-api-key","normal":"value"}', '{"DD_API_KEY":"******","normal":"value"}'],
    [
      '{\\"AWS_SESSION_TOKEN\\":\\"x-y\\",\\"normal\\":\\"value\\"}',
      '{\\"AWS_SESSION_TOKEN\\":\\"******\\",\\"normal\\":\\"value\\"}',
    ],
  ];
  const text = (index: 0 | 1): string => lines.map((line) => line[index]).join("\n");
  assertEquals(maskSecrets(text(0)), text(1));
});
