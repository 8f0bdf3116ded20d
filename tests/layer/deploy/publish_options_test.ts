import { assertEquals, assertThrows } from "@std/assert";
import { parsePublishOptions } from "../../../layer/deploy/publish_options.ts";

Deno.test("parsePublishOptions is a dry run of everything by default", () => {
  const options = parsePublishOptions([], "layer");
  assertEquals(options?.isDryRun, true);
  assertEquals(options?.archs, ["amd64", "arm64"]);
  assertEquals(options?.regions.length, 39);
  assertEquals(options?.grants, []);
});

Deno.test("parsePublishOptions reads with whom to share, and a profile for each partition", () => {
  const args = [
    "--share",
    "public,111122223333,o-a1b2c3d4e5",
    "--profile",
    "main",
    "--profile",
    "aws-cn=china",
  ];
  const options = parsePublishOptions(["--", ...args], "layer");
  assertEquals(options?.grants, [
    { statementId: "public", principal: "*" },
    { statementId: "account-111122223333", principal: "111122223333" },
    { statementId: "organization-o-a1b2c3d4e5", principal: "*", organizationId: "o-a1b2c3d4e5" },
  ]);
  assertEquals(options?.profileOf("aws-cn"), "china");
  assertEquals(options?.profileOf("aws"), "main");
});

Deno.test("parsePublishOptions refuses what AWS would refuse later", () => {
  const runtimes = Array.from({ length: 16 }, (_, index) => `r${index}`).join();
  const bad: readonly (readonly [readonly string[], string])[] = [
    [["--share", "everyone"], "current value is everyone"],
    [["--arch", "x86_64"], "--arch must be amd64 or arm64"],
    [["--runtimes", runtimes], "at most 15 runtimes"],
    [["--parallel", "0"], "--parallel must be 1 to 16"],
    [["--profile", "aws-xx=p"], "names no partition"],
    [["--name", "data kit"], "letters, digits"],
    [["eu-west-1"], "Unexpected argument"],
  ];
  for (const [args, text] of bad) assertThrows(() => parsePublishOptions(args, "layer"), Error, text);
});
