import { assertEquals, assertThrows } from "@std/assert";
import { parsePageArguments } from "./arguments.ts";

const NOTHING = { isServed: false, isQuiet: false, opensBrowser: false, runsChecks: false };

Deno.test("parsePageArguments() takes what is about the page and leaves the rest", () => {
  assertEquals(parsePageArguments([]), { ...NOTHING, rest: [] });
  assertEquals(parsePageArguments(["--all", "--page", "x"]), {
    ...NOTHING,
    isServed: true,
    rest: ["--all", "x"],
  });
  assertEquals(parsePageArguments(["--page=9999"]), { ...NOTHING, isServed: true, port: 9999, rest: [] });
  assertEquals(parsePageArguments(["--page=quiet"]), { ...NOTHING, isServed: true, isQuiet: true, rest: [] });
  assertEquals(parsePageArguments(["--open"]), { ...NOTHING, isServed: true, opensBrowser: true, rest: [] });
  assertEquals(parsePageArguments(["--report", "a=b.html", "--checks"]), {
    ...{ ...NOTHING, report: "a=b.html", runsChecks: true, rest: [] },
  });
  assertEquals(parsePageArguments(["--report=a.html"]), { ...NOTHING, report: "a.html", rest: [] });
});

Deno.test("parsePageArguments() refuses in words what cannot be", () => {
  for (
    const args of [["--page=0"], ["--page=70000"], ["--page=soon"], ["--report"], ["--report", "--page"]]
  ) {
    assertThrows(() => parsePageArguments(args), RangeError, "Cannot ");
  }
});
