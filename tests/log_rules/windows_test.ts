import { assert, assertEquals } from "@std/assert";
import { inSlices, LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import fc from "fast-check";
import { finish } from "../../src/bounded_pattern.ts";
import { secretsMasked } from "../../src/log_rules/mask_secrets.ts";
import { NAMED_MASKS } from "../../src/log_rules/masks.ts";
import { FORMS } from "../../src/log_rules/secret_forms.ts";
import { replaceForm, WINDOW } from "../../src/log_rules/windows.ts";
import { type Text, TextBuilder } from "../../src/pattern/text.ts";
import { scenario } from "../support/scenario.ts";

/** Pieces of which secrets, and what only looks like one, come together at any place. */
const PIECES = [
  "password=",
  "token: ",
  '"apiKey":"',
  '"',
  "'",
  '\\"',
  "authorization: Bearer ",
  "\n",
  " ",
  ".",
  "-",
  ",",
  "[",
  "]",
  "{",
  "<",
  ">",
  "eyJ",
  "eyJhbGciOiJI.eyJzdWIiOiIx.abc-DEF",
  "AKIAABCDEFGHIJKLMNOP",
  `ghp_${"a".repeat(25)}`,
  `SG.${"a".repeat(20)}.${"b".repeat(20)}`,
  "SG.aa-",
  `sk-${"a1".repeat(20)}`,
  "xoxb-1234567890-abc",
  "https://me:pa55@example.com/",
  "?Signature=abcdef&",
  "<password>",
  "</password>",
  "--password ",
  "-----BEGIN RSA PRIVATE KEY-----\n",
  "QUJDREVGQUJDREVGQUJDREVG\n",
  "-----END RSA PRIVATE KEY-----",
  "token=[",
  "******",
  "Basic ",
  "cookie: a=b; c=d",
  "me@example.com ",
  "10.1.2.3",
  "4111 1111 1111 1111",
  "é漢",
  "w0rd".repeat(80),
];
const TEXT = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.stringMatching(/^[\w./+=-]{1,20}$/)), {
  minLength: 1,
  maxLength: 60,
}).map((pieces) => pieces.join(""));

Deno.test("secrets are masked in windows as in the whole text, wherever windows end", () => {
  fc.assert(
    fc.property(TEXT, fc.integer({ min: 1, max: 400 }), (text, window) => {
      assertEquals(finish(secretsMasked(text, window)), finish(secretsMasked(text, Infinity)));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("each form is replaced in windows as String.replace does it", () => {
  fc.assert(
    fc.property(TEXT, fc.integer({ min: 1, max: 400 }), fc.constantFrom(...FORMS), (text, window, form) => {
      const { regexp, replacement } = form;
      const whole = typeof replacement === "string"
        ? text.replace(regexp, replacement)
        : text.replace(regexp, (found) => replacement(found));
      assertEquals(finish(replaceForm(text, form, window)), whole);
    }),
    { numRuns: 3_000 },
  );
});

/** Begins of forms, and runs that are longer than a window. */
const RUNS = fc.array(
  fc.oneof(
    fc.constantFrom(...PIECES),
    fc.constantFrom(
      "eyJabcdefgh",
      ".eyJabcdefgh",
      ".",
      "=",
      " eyJ",
      "tkn_",
      " ghp_",
      " github_pat_",
      " xoxb-",
      " sk_live_",
      "glpat-",
      " SG.0123456789abcdef.",
      " sk-ant-",
      " sk-",
      " Bearer ",
      "?Signature=",
      "&",
      "-----BEGIN PRIVATE KEY-----",
      "\n",
      "\\n",
      "\\\\r\\\\n",
      "eyJab",
      "abc",
      "n",
    ),
    fc.constantFrom("\\".repeat(1_500), ".".repeat(1_500), "-.".repeat(700)),
    fc.integer({ min: 150, max: 5_000 }).map((times) => "QUJDREVGQUJDREVG\n".repeat(times)),
    fc.integer({ min: 600, max: 1_200 }).map((times) => "QUJDREVGQUJDREVG".repeat(times)),
    fc.constantFrom(" ".repeat(2_000), "\\n".repeat(1_500)),
    fc.tuple(fc.constantFrom("a1", "a-", "_", "a/", "=", "a.", "é"), fc.integer({ min: 400, max: 2_000 }))
      .map(([text, times]) => text.repeat(times)),
  ),
  { minLength: 2, maxLength: 14 },
).map((pieces) => pieces.join(""));

Deno.test("a secret that is longer than a window is replaced as String.replace does it", () => {
  fc.assert(
    fc.property(RUNS, fc.integer({ min: 1, max: 400 }), (text, window) => {
      for (const form of FORMS) {
        const { regexp, replacement } = form;
        const whole = typeof replacement === "string"
          ? text.replace(regexp, replacement)
          : text.replace(regexp, (found) => replacement(found));
        assert(
          String(finish(replaceForm(text, form, window))) === whole,
          `${regexp.source} ${text.slice(0, 99)}`,
        );
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a private key without an end is replaced line by line as String.replace does it", () => {
  const form = FORMS.find(({ needle }) => needle === "-----BEGIN");
  assert(form !== undefined && typeof form.replacement === "string");
  const line = "QUJDREVG".repeat(8);
  for (const between of ["\n", "\\n", "\\\\r\\\\n\t", `\n${" ".repeat(500)}`]) {
    for (const lines of [2_000, 4_093, 4_094, 4_095, 4_096, 4_097, 4_098, 5_000]) {
      const text = `a -----BEGIN EC PRIVATE KEY-----${`${between}${line}`.repeat(lines)}${between}QUJD z`;
      const whole = text.replace(form.regexp, form.replacement);
      assert(
        String(finish(replaceForm(text, form))) === whole,
        `${lines} of ${JSON.stringify(between.slice(0, 9))}`,
      );
    }
  }
});

Deno.test("no text of megabytes is too much for what a key may have between its lines", () => {
  for (const between of [" ", "\\n", "\\\\n", "\n"]) {
    for (const line of ["", "QUJDREVGQUJDREVG"]) {
      const text = `-----BEGIN PRIVATE KEY-----${line}${between.repeat(3_000_000)}x`;
      assert(String(finish(secretsMasked(text))).endsWith("x"), between);
    }
  }
});

for (
  const [name, text] of [
    ["backslashes behind a key's name", `-----BEGIN PRIVATE KEY-----${"\\".repeat(31_000_000)}`],
    ["backslashes within a key's first line", `-----BEGIN PRIVATE KEY-----\nQUJD ${"\\".repeat(31_000_000)}`],
    ["dots behind what begins as a token", `eyJab${".".repeat(31_000_000)}`],
  ] as const
) {
  scenario(`the event loop runs while 31 MB of ${name} are masked`, async () => {
    const builder = new TextBuilder();
    for (let at = 0; at < text.length; at += 30_000) builder.add(text.slice(at, at + 30_000));
    const pieces = builder.end();
    const ms = await longestTurnMs(() => inSlices(secretsMasked(pieces)));
    assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
  });
}

/** The same text in pieces of so few units that nearly everything stands on a border of two. */
function inPieces(text: string): Text {
  const builder = new TextBuilder(3);
  builder.add(text);
  return builder.end();
}

Deno.test("a text in pieces is masked as one string is", () => {
  fc.assert(
    fc.property(TEXT, fc.integer({ min: 1, max: 400 }), (text, window) => {
      const pieces = inPieces(text);
      assertEquals(String(pieces), text);
      assertEquals(
        String(finish(secretsMasked(pieces, window))),
        String(finish(secretsMasked(text, Infinity))),
      );
      for (const make of Object.values(NAMED_MASKS)) {
        const mask = make("[x]");
        assertEquals(String(finish(mask.steps(pieces))), mask(text));
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Secrets of each mask, with the mask's name. */
const SECRETS: readonly (readonly [mask: string, secret: string])[] = [
  ["secrets", "password=hunter2xyz"],
  ["secrets", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.hunter2xyz"],
  ["secrets", "AKIAHUNTER2XYZABCDEF"],
  [
    "secrets",
    `-----BEGIN PRIVATE KEY-----\n${"hunter2xyzhunter2xyz\n".repeat(200)}-----END PRIVATE KEY-----`,
  ],
  ["secrets", `"token":"${"hunter2xyz ".repeat(9_000)}"`],
  ["email", "hunter2xyz@example.com"],
  ["card", "4111 1111 1111 1111"],
  ["ipv4", "203.0.113.77"],
];

for (const [name, secret] of SECRETS) {
  Deno.test(`the mask ${name} finds ${secret.slice(0, 28)} at any edge of a window`, () => {
    const mask = NAMED_MASKS[name]?.("*");
    assert(mask !== undefined);
    const whole = mask(secret);
    const before = "a b ".repeat(WINDOW / 4);
    for (let shift = 0; shift <= secret.length + 2; shift += Math.max(1, Math.floor(secret.length / 40))) {
      const text = `${before.slice(shift)} ${secret} ${before} ${before}${secret} `;
      const masked = finish(mask.steps(text));
      assert(!/hunter2xyz|HUNTER2XYZ|4111|203/.test(String(masked)), `${shift}`);
      assert(masked === `${before.slice(shift)} ${whole} ${before} ${before}${whole} `, `${shift}`);
    }
  });
}

Deno.test("texts of megabytes that are one secret, or nearly one, are masked", () => {
  const mask = NAMED_MASKS["secrets"]?.("*");
  assert(mask !== undefined);
  const long = "a1".repeat(4_000_000);
  for (
    const begin of [
      "sk-",
      "tkn_",
      "xoxb-",
      "eyJabcdefgh.eyJ",
      "Bearer ",
      "?Signature=",
      "password=",
      'token="',
    ]
  ) {
    const masked = finish(mask.steps(begin + long));
    assert(masked.length < 100, `${begin}: ${masked.length}`);
  }
  const words = "eyJabcdefgh-".repeat(500_000);
  assert(String(finish(mask.steps(words))) === words);
});
