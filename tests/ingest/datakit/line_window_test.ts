import { assertEquals } from "@std/assert";
import { createLineWindow } from "../../../src/ingest/datakit/line_window.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("createLineWindow() gives a body in whole lines, each once", () => {
  const text = Array.from({ length: 20_000 }, (_, n) => `行 ${n}\n`).join("") + "the end";
  const window = createLineWindow(utf8(text));
  const parts: string[] = [];
  for (let part = window.next(); part !== ""; part = window.next()) parts.push(part);
  assertEquals(parts.join(""), text);
  assertEquals(parts.slice(0, -1).filter((part) => !part.endsWith("\n")), []);
  assertEquals([parts.length > 2, window.next(), window.nextWithQuote(1)], [true, "", ""]);
});

Deno.test("createLineWindow() goes on to the line of the next quote, or to the end where there is none", () => {
  const filler = "x\n".repeat(100_000);
  const window = createLineWindow(utf8(`${filler}a" b\n${filler}`));
  assertEquals(window.nextWithQuote(0), `${filler}a" b\n`);
  assertEquals(window.nextWithQuote(0), filler);
});

Deno.test("createLineWindow() leaves out a byte order mark at the body's begin only", () => {
  assertEquals(createLineWindow(utf8("\ufeffa\n\ufeffb")).next(), "a\n\ufeffb");
});
