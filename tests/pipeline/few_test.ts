import { assertEquals } from "@std/assert";
import { takeOut } from "../../src/pipeline/few.ts";

Deno.test("takeOut() takes one out wherever it stands, and nothing else", () => {
  for (const item of [1, 2, 3, 4]) {
    const list = [1, 2, 3];
    takeOut(list, item);
    assertEquals(list.toSorted(), [1, 2, 3].filter((other) => other !== item));
  }
  const alone = [1];
  takeOut(alone, 1);
  takeOut(alone, 1);
  assertEquals(alone, []);
});
