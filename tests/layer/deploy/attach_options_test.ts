import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type AttachOptions, parseAttachOptions } from "../../../layer/deploy/attach_options.ts";
import { hasTags, isNameChosen, namedIn, parseFunction } from "../../../layer/deploy/attach_targets.ts";

const URL = "https://openway.example.com?token=tkn_secret";
const noFile = (): Promise<string> => Promise.reject(new Error("no file"));

async function parse(args: readonly string[], file?: unknown, dataway?: string): Promise<AttachOptions> {
  const read = file === undefined ? noFile : (): Promise<string> => Promise.resolve(JSON.stringify(file));
  const options = await parseAttachOptions(args, dataway, read);
  if (options === undefined) throw new Error("it is help");
  return options;
}

Deno.test("parseAttachOptions takes every function that is named, and is a dry run by default", async () => {
  const { selection, action, isDryRun } = await parse(["--", "--function", "a", "--function", "b"]);
  assertEquals(selection.named, [{ name: "a", region: undefined }, { name: "b", region: undefined }]);
  assertEquals([action, isDryRun, selection.isListing], ["attach", true, false]);
});

Deno.test("parseAttachOptions reads a file by the same rules, and the command line goes first", async () => {
  const file = {
    "functions-regex": "^prod-",
    tag: ["team=pay", "on"],
    regions: "aws-cn",
    parallel: 4,
    all: false,
  };
  const { selection, regions, parallel } = await parse(["--config", "x", "--regions", "eu-west-1"], file);
  assertEquals(selection.pattern?.source, "^prod-");
  assertEquals(selection.tags, [["team", "pay"], ["on", undefined]]);
  assertEquals([regions?.map(({ id }) => id), parallel], [["eu-west-1"], 4]);
});

Deno.test("parseAttachOptions takes no confirmation and no unknown option from a file", async () => {
  for (const file of [{ yes: true }, { help: true }, { functoin: "a" }, [], "text"]) {
    await assertRejects(() => parse(["--config", "x", "--all"], file), Error, "Cannot use --config x as");
  }
  await assertRejects(
    () => parse(["--config", "x", "--all"]),
    Error,
    "Cannot use --config x as it cannot be read",
  );
});

Deno.test("parseAttachOptions says what cannot be meant", async () => {
  const wrong = [
    [[], "Cannot choose functions"],
    [["--all", "--functions-regex", "x"], "Cannot use --all with"],
    [["--functions-regex", "("], "must be a regular expression"],
    [["--all", "--tag", "=x"], "must be KEY or KEY=VALUE"],
    [["--all", "--regions", "mars-1"], "Cannot choose regions"],
    [["--all", "--parallel", "0"], "--parallel must be 1 to 64"],
    [["--all", "--layer-arn", "datakit"], "must be the ARN of a layer's version"],
    [["--all", "--secret-arn", "datakit"], "must be the ARN of a Secrets Manager secret"],
    [["--all", "--secret-arn", "arn:aws:secretsmanager:r:1:secret:s", "--dataway", URL], "without a token"],
  ] as const;
  for (const [args, message] of wrong) await assertRejects(() => parse(args), Error, message);
});

Deno.test("parseAttachOptions prefers what is given to the variable of this machine", async () => {
  assertEquals((await parse(["--all"], undefined, URL)).destination, { kind: "url", url: URL });
  const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:datakit-AbCdEf";
  assertEquals((await parse(["--all", "--secret-arn", secret], undefined, URL)).destination, {
    kind: "secret",
    reference: secret,
    url: undefined,
  });
  assertEquals((await parse(["--all"])).destination, { kind: "kept" });
});

Deno.test("parseFunction takes names and ARNs, and refuses what has no layers or no settings of its own", () => {
  const arn = "arn:aws:lambda:eu-west-1:123456789012:function:checkout";
  assertEquals(parseFunction(arn), { name: "checkout", region: "eu-west-1" });
  assertEquals(parseFunction(`${arn}:$LATEST`), { name: "checkout", region: "eu-west-1" });
  assertThrows(() => parseFunction(`${arn}:7`), Error, "only $LATEST");
  assertThrows(() => parseFunction("checkout:live"), Error, "only $LATEST");
  assertThrows(() => parseFunction(arn.replace("function:", "web-function/")), Error, "Web Function");
});

Deno.test("a selection leaves out what is excluded, named or not", async () => {
  const arn = "arn:aws:lambda:eu-west-1:123456789012:function:far";
  const { selection } = await parse([
    "--function",
    "a",
    "--function",
    arn,
    "--function",
    "canary",
    "--exclude",
    "^can",
    "--tag",
    "k=v",
  ]);
  assertEquals(namedIn(selection, "us-east-1"), ["a"]);
  assertEquals(namedIn(selection, "eu-west-1"), ["a", "far"]);
  assertEquals([isNameChosen(selection, "canary-2"), isNameChosen(selection, "b")], [false, true]);
  assertEquals([hasTags(selection, new Map([["k", "v"]])), hasTags(selection, new Map([["k", "w"]]))], [
    true,
    false,
  ]);
});
