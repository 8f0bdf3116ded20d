import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseDuration, parseLocalArguments, splitCommand, USAGE } from "./arguments.ts";

Deno.test("splitCommand() parts a command as a shell does", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["node index.js", ["node", "index.js"]],
    ["  a   b\tc ", ["a", "b", "c"]],
    [`java -cp "a b:c" 'x y'`, ["java", "-cp", "a b:c", "x y"]],
    [`a "" b`, ["a", "", "b"]],
    [`a\\ b c"d"'e'f`, ["a b", "cdef"]],
    [`"say \\"hi\\"" 'it"s'`, ['say "hi"', 'it"s']],
    ["", []],
  ];
  for (const [command, words] of cases) assertEquals(splitCommand(command), words, command);
  for (const open of ["a 'b", 'a "b', "a \\"]) {
    assertThrows(() => splitCommand(open), RangeError, "not closed");
  }
});

Deno.test("parseDuration() takes units, and seconds without one", () => {
  assertEquals(["3", "3s", "500ms", "1.5s", "2m"].map((text) => parseDuration("every", text)), [
    3000,
    3000,
    500,
    1500,
    120_000,
  ]);
  for (const text of ["", "0", "-1s", "2h", "s", "1e3"]) {
    assertThrows(() => parseDuration("every", text), RangeError, "--every");
  }
});

Deno.test("parseLocalArguments() has Lambda's defaults, and the page unless it is to end by itself", () => {
  const parsed = parseLocalArguments(["--function", "node index.js"]);
  assertEquals([parsed?.timeoutMs, parsed?.memoryMb, parsed?.logFormat, parsed?.logPipe], [
    3000,
    128,
    "Text",
    "unframed",
  ]);
  assertEquals(parsed?.page.isServed, true);
  const served = (...more: readonly string[]): boolean | undefined =>
    parseLocalArguments(["--function", "x", ...more])?.page.isServed;
  assertEquals([served("--no-page"), served("--exit"), served("--exit", "--page=9090")], [
    false,
    false,
    true,
  ]);
  assertEquals(parseLocalArguments(["--function", "a.b", "--runtime-client"])?.logPipe, "framed");
});

Deno.test("parseLocalArguments() collects what may be repeated", () => {
  const parsed = parseLocalArguments(
    "--function f --event a.json --event b.json --every 2s --env A=1 --env B=x=y --env-file .env --invoke-port 0"
      .split(" "),
  );
  assertEquals(parsed?.events, ["a.json", "b.json"]);
  assertEquals([parsed?.everyMs, parsed?.env, parsed?.envFiles], [2000, { A: "1", B: "x=y" }, [".env"]]);
  assertEquals(parsed?.invokePort, 0);
});

Deno.test("parseLocalArguments() says in words what cannot be, and no secret", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /no function/],
    ["--function f --log-format XML", /--log-format .*Text or JSON/],
    ["--function f --memory lots", /--memory .*whole number/],
    ["--function f --every now", /--every .*duration/],
    ["--function f --env A", /--env .*NAME=VALUE/],
    ["--function f --dataway tkn_secret", /^Cannot use --dataway as it must be a URL that begins by http/],
    ["--function f --unknown", /--unknown/],
  ];
  for (const [args, expected] of cases) {
    const error = assertThrows(
      () => parseLocalArguments(args.split(" ").filter((word) => word !== "")),
      Error,
    );
    assertMatch(error.message, expected);
  }
});

Deno.test("USAGE names every option", () => {
  assertEquals(parseLocalArguments(["--help"]), undefined);
  const named = [...USAGE.matchAll(/--([a-z-]+)/g)].map(([, name]) => name);
  for (const option of ["function", "runtime-client", "env-file", "event", "every", "watch", "invoke-port"]) {
    assertEquals(named.includes(option), true, option);
  }
});
