import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHpackDecoder, encodeFields, type HpackDecoder } from "../../src/net/hpack.ts";
import type { Field } from "../../src/header_fields.ts";

const PLENTY = 16_384;

function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

function decoded(decoder: HpackDecoder, hex: string): unknown {
  const fields = decoder.decode(bytes(hex), PLENTY);
  return typeof fields === "string" ? fields : fields.map(([name, value]) => `${name}: ${value}`);
}

/** The three requests of RFC 7541, appendices C.3 and C.4, each of which uses what the ones before it left. */
const REQUESTS: readonly (readonly string[])[] = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
];

Deno.test("hpack decoder reads the standard's requests without Huffman's code", () => {
  const decoder = createHpackDecoder();
  const blocks = [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ];
  assertEquals(blocks.map((block) => decoded(decoder, block)), REQUESTS.slice());
});

Deno.test("hpack decoder reads the standard's requests with Huffman's code", () => {
  const decoder = createHpackDecoder();
  const blocks = [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ];
  assertEquals(blocks.map((block) => decoded(decoder, block)), REQUESTS.slice());
});

Deno.test("hpack decoder forgets the oldest fields when the table is full, as in the standard's responses", () => {
  const decoder = createHpackDecoder();
  // Of 256 bytes, as in appendix C.6: the client may make the table smaller.
  const first =
    "3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff" +
    "6e91 9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3";
  const second = "4883 640e ff c1 c0 bf";
  const third =
    "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7" +
    "b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07";
  const location = "location: https://www.example.com";
  const [early, late] = ["date: Mon, 21 Oct 2013 20:13:21 GMT", "date: Mon, 21 Oct 2013 20:13:22 GMT"];
  const priv = "cache-control: private";
  assertEquals(decoded(decoder, first), [":status: 302", priv, early, location]);
  assertEquals(decoded(decoder, second), [":status: 307", priv, early, location]);
  assertEquals(decoded(decoder, third), [
    ":status: 200",
    priv,
    late,
    location,
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ]);
  // Three entries fill it: what was fourth has gone.
  assertEquals(decoded(decoder, "c1"), "malformed");
});

Deno.test("hpack decoder refuses what breaks the rules", () => {
  for (
    const [what, block] of [
      ["an index of nothing", "80"],
      ["an index behind the table", "be"],
      ["a number that never ends", "ff ffff ffff ffff ffff 0f"],
      ["a text that is cut short", "4005 6162"],
      ["a size behind a field", "8220"],
      ["a table larger than ours", "3fe2 1f"],
      ["Huffman's code with the end sign", "00 84ff ffff ff 00"],
      ["Huffman's code with zeros at its end", "00 8118 00"],
      ["Huffman's code with eight ones at its end", "00 821f ff 00"],
    ] as const
  ) assertEquals(decoded(createHpackDecoder(), block), "malformed", what);
});

Deno.test("hpack decoder leaves out what is too much, and keeps its table in step", () => {
  const decoder = createHpackDecoder();
  const many = `40 01 61 01 62 ${"be".repeat(1_000)}`;
  assertEquals(decoder.decode(bytes(many), 300), "too_large");
  assertEquals(decoded(decoder, "be"), ["a: b"]);
});

Deno.test("hpack decoder reads what encodeFields() writes", () => {
  const text = fc.string({
    unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  const name = fc.oneof(
    fc.stringMatching(/^[a-z-]{1,20}$/),
    fc.constantFrom(":status", "content-type", "date"),
  );
  const field = fc.tuple(name, fc.oneof(text, fc.constantFrom("200", "404", "x".repeat(1_000))));
  fc.assert(fc.property(fc.array(field), (fields) => {
    const block = encodeFields(fields.map(([name, value]): Field => [name, value]));
    assertEquals(createHpackDecoder().decode(block, 1e6), fields.map(([name, value]) => [name, value]));
  }));
});
