import { assertEquals } from "@std/assert";
import { CHECKS } from "../checks/mod.ts";
import { CHECK_TITLES_ZH } from "./checks_zh.ts";

Deno.test("every conformance check has a Chinese title", () => {
  const numbers = CHECKS.map(({ number }) => String(number)).toSorted();
  assertEquals(Object.keys(CHECK_TITLES_ZH).toSorted(), numbers);
});
