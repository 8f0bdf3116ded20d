import { assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { checkTable, runChecks } from "../../emulator/checks/mod.ts";
import { TEST_TOKEN } from "../../emulator/dataway.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable passes all sixteen conformance checks", async () => {
  const reports = await runChecks({
    extension: await buildBinary(),
    env: {
      ENV_DATAWAY: `{backend}?token=${TEST_TOKEN}`,
      ENV_HTTP_LISTEN: "127.0.0.1:0",
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
    },
    freezeMs: 1500,
    flushTimeoutMs: 1000,
    sideBySide: true,
    quick: false,
  });
  // deno-lint-ignore no-console
  console.log(checkTable(reports));
  assertEquals(reports.map(({ number, outcome }) => `${number} ${outcome}`), [
    "1 pass",
    "2 pass",
    "3 pass",
    "4 pass",
    "5 pass",
    "6 pass",
    "7 pass",
    "8 pass",
    "9 pass",
    "10 pass",
    "11 pass",
    "12 pass",
    "13 pass",
    "14 pass",
    "15 pass",
    "16 pass",
  ]);
});
