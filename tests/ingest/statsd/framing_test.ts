import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  createLengthFramer,
  createLineFramer,
  type Framer,
  type FramerIntake,
} from "../../../src/ingest/statsd/framing.ts";

interface Harness {
  readonly framer: Framer;
  readonly packets: string[];
  readonly refused: string[];
  readonly push: (text: string) => boolean;
}

function harness(create: (intake: FramerIntake) => Framer): Harness {
  const packets: string[] = [];
  const refused: string[] = [];
  const framer = create({
    feed: (packet) => packets.push(new TextDecoder().decode(packet)),
    refuse: (reason, count) => refused.push(`${reason} ${count}`),
  });
  return { framer, packets, refused, push: (text) => framer.push(new TextEncoder().encode(text)) };
}

function framed(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes];
}

Deno.test("createLineFramer() joins lines over reads and takes the last one without its end", () => {
  const { framer, packets, push } = harness(createLineFramer);
  for (const text of ["a:1|c\nb:", "2|", "c\n", "\n", "c:3|c"]) push(text);
  assertEquals(packets, ["a:1|c", "b:2|c"]);
  framer.end();
  assertEquals(packets, ["a:1|c", "b:2|c", "c:3|c"]);
});

Deno.test("createLineFramer() counts a line that is too long once and goes on with the next", () => {
  const { framer, packets, refused, push } = harness(createLineFramer);
  for (let i = 0; i < 9; i++) push("x".repeat(16_384));
  push("tail\nb:2|c\n");
  framer.end();
  assertEquals(refused, ["too_large 1"]);
  assertEquals(packets, ["b:2|c"]);
});

Deno.test("createLineFramer() yields the same lines however the bytes are cut", () => {
  const line = fc.stringMatching(/^[a-z|:]{1,8}$/);
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(10)), (lines, cuts) => {
      const { framer, packets, push } = harness(createLineFramer);
      let text = lines.join("\n");
      for (const cut of cuts) {
        push(text.slice(0, cut));
        text = text.slice(cut);
      }
      push(text);
      framer.end();
      assertEquals(packets.join("\n").split("\n").filter(Boolean), lines);
    }),
    { numRuns: 300 },
  );
});

Deno.test("createLengthFramer() reads packets byte by byte as at once", () => {
  const bytes = new Uint8Array([...framed("a:1|c"), ...framed(""), ...framed("b:2|c\nc:3|c")]);
  const whole = harness(createLengthFramer);
  whole.framer.push(bytes);
  const slow = harness(createLengthFramer);
  for (const byte of bytes) slow.framer.push(new Uint8Array([byte]));
  slow.framer.end();
  assertEquals(whole.packets, ["a:1|c", "", "b:2|c\nc:3|c"]);
  assertEquals(slow.packets, ["a:1|c", "", "b:2|c\nc:3|c"]);
  assertEquals(slow.refused, []);
});

Deno.test("createLengthFramer() ends a stream whose length is beyond the limit, and counts one cut short", () => {
  const huge = harness(createLengthFramer);
  assertEquals(huge.framer.push(new Uint8Array([...framed("a:1|c"), 255, 255, 255, 255, 1])), false);
  assertEquals(huge.packets, ["a:1|c"]);
  assertEquals(huge.refused, ["too_large 1"]);
  const short = harness(createLengthFramer);
  assertEquals(short.framer.push(new Uint8Array([5, 0, 0, 0, 97])), true);
  short.framer.end();
  assertEquals(short.refused, ["malformed 1"]);
});
