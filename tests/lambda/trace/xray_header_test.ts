import { assertEquals } from "@std/assert";
import { parseXrayHeader } from "../../../src/lambda/trace/xray_header.ts";

const TRACE = "6aa29bbf2f0b1d6e5a4c3b2a19080706";

Deno.test("parseXrayHeader() reads parts in any order and of any case", () => {
  assertEquals(
    parseXrayHeader("sampled=1; PARENT=00F067AA0BA902B7; Root=1-6AA29BBF-2f0b1d6e5a4c3b2a19080706"),
    {
      traceId: TRACE,
      parentId: "00f067aa0ba902b7",
      sampled: true,
    },
  );
});

Deno.test("parseXrayHeader() reads a header of pass-through mode", () => {
  assertEquals(parseXrayHeader("Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Lineage=a:1"), {
    traceId: TRACE,
    parentId: undefined,
    sampled: undefined,
  });
});

Deno.test("parseXrayHeader() reads what Lambda writes as it reads the same with spaces, which Lambda does not write", () => {
  for (const root of ["1-6aa29bbf-2f0b1d6e5a4c3b2a19080706", "1-00000000-000000000000000000000000"]) {
    for (const parent of [[], ["Parent=00f067aa0ba902b7"], ["Parent=0000000000000000"]]) {
      for (const sampled of [[], ["Sampled=0"], ["Sampled=1"], ["Sampled=?"]]) {
        for (const lineage of [[], ["Lineage=1:4af0ec91:0|2:1f3c:5"], ["Root=1-b-c"]]) {
          const parts = [`Root=${root}`, ...parent, ...sampled, ...lineage];
          assertEquals(parseXrayHeader(parts.join(";")), parseXrayHeader(parts.join("; ")));
        }
      }
    }
  }
  assertEquals(
    parseXrayHeader("Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Parent=00f067aa0ba902b7;Sampled=1"),
    {
      traceId: TRACE,
      parentId: "00f067aa0ba902b7",
      sampled: true,
    },
  );
});

Deno.test("parseXrayHeader() ignores parts that it does not know, have no name, or no value", () => {
  assertEquals(
    parseXrayHeader(`;=x;Self;Self=1-6aa2-b;Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Parent=;Sampled=?;`),
    { traceId: TRACE, parentId: undefined, sampled: undefined },
  );
});

for (
  const header of [
    undefined,
    "",
    "Root=",
    "Root=1-00000000-000000000000000000000000",
    "Root=2-6aa29bbf-2f0b1d6e5a4c3b2a19080706",
    "Root=1-6aa29bbf-2f0b1d6e5a4c3b2a1908070",
    "Root=1-6aa29bbg-2f0b1d6e5a4c3b2a19080706",
    `Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;${"x".repeat(2000)}`,
  ]
) {
  Deno.test(`parseXrayHeader() finds no root in ${header?.slice(0, 50)}`, () => {
    assertEquals(parseXrayHeader(header), undefined);
  });
}
