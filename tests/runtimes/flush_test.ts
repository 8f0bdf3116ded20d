/**
 * Functions with real SDKs are frozen after each answer. The table of what to flush in src/ingest/README.md is what arrived, and its
 * recipe against double logs leaves one of each.
 */
import { assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { missingTool } from "../clients/language.ts";
import type { FunctionCommand } from "../emulator/options.ts";
import { scenario } from "../support/scenario.ts";
import { type Sandbox, startExecutable } from "../support/sandbox.ts";
import { type Sdk, SDK_LANGUAGES } from "./sdks.ts";

const INVOCATIONS = 6;
const README = new URL("../../src/ingest/README.md", import.meta.url);

for (const language of SDK_LANGUAGES) {
  scenario(
    `what SDKs of ${language.name} hold back when the function is frozen, and how all of it arrives`,
    async (t) => {
      const missing = await missingTool(language.needs);
      if (missing !== undefined) {
        if (Deno.env.get("CI") === "true") throw new Error(`Cannot verify ${language.name}: no ${missing}`);
        // deno-lint-ignore no-console
        return console.log(`${language.name.toUpperCase()} IS NOT VERIFIED HERE: no ${missing}`);
      }
      const command = await language.install();
      const readme = (await Deno.readTextFile(README)).replaceAll(/ +\|/g, " |");
      for (const sdk of language.sdks) {
        await t.step([sdk.client, sdk.how].filter((text) => text !== undefined).join(", "), async () => {
          const held = await arrived(command, sdk, false);
          if (sdk.flush === undefined) assertEquals(held, INVOCATIONS);
          else {
            assertLess(held, INVOCATIONS, "it needs no flush");
            assertEquals(await arrived(command, sdk, true), INVOCATIONS);
          }
          assertStringIncludes(readme, rowOf(language.name, sdk));
        });
      }
    },
  );
}

function rowOf(language: string, { client, how, flush }: Sdk): string {
  const named = `\`${client}\`${how === undefined ? "" : `, ${how}`}`;
  return `| ${language} | ${named} | ${flush === undefined ? "all arrive" : "lost or late"} | ${
    flush ?? "nothing"
  } |`;
}

/** How many spans or counts, of one an invocation, are at Dataway when the function is frozen after the last answer. */
async function arrived(command: FunctionCommand, sdk: Sdk, flushes: boolean): Promise<number> {
  await using sandbox = await runFunction(command, sdk.sdk, flushes, sdk.env ?? {});
  const { dataway } = sandbox;
  if (sdk.sends === "spans") {
    // Beside those that the platform tells of.
    return dataway.points("tracing").filter(({ measurement }) => measurement !== "awslambda").length;
  }
  return dataway.points("metric", "shop")
    .reduce((sum, { fields }) => sum + Number(fields.get("orders") ?? 0), 0);
}

async function runFunction(
  command: FunctionCommand,
  sdk: string,
  flushes: boolean,
  env: Readonly<Record<string, string>>,
  extensionEnv: Readonly<Record<string, string>> = {},
): Promise<Sandbox> {
  const sandbox = await startExecutable(await buildBinary())({
    function: {
      ...command,
      env: { ...command.env, ...env, FUNCTION_SDK: sdk, FUNCTION_FLUSH: flushes ? "yes" : "no" },
    },
    handler: "flush.handler",
    memorySizeMb: 1024,
    timeoutMs: 30_000,
    env: {
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry,ddtrace,statsd",
      // What has arrived in time leaves before the freeze.
      ENV_FLUSH_PLAN: "end",
      ...extensionEnv,
    },
  });
  await sandbox.lambda.init();
  for (let invocation = 0; invocation < INVOCATIONS; invocation++) {
    const { status } = await sandbox.lambda.invoke({}, { payload: "{}" });
    assertEquals(status, "success");
  }
  return sandbox;
}

scenario(
  "a line is there twice with OpenTelemetry's log bridge, and once with the documented recipe",
  async () => {
    const python = SDK_LANGUAGES.find(({ name }) => name === "Python");
    const missing = await missingTool(python?.needs ?? []);
    if (python === undefined || missing !== undefined) {
      if (Deno.env.get("CI") === "true") throw new Error(`Cannot verify the log bridge: no ${missing}`);
      return;
    }
    const command = await python.install();
    const count = async (env: Readonly<Record<string, string>>): Promise<readonly number[]> => {
      await using sandbox = await runFunction(command, "log bridge", true, {}, env);
      await sandbox.lambda.shutdown();
      const logs = sandbox.dataway.points("logging");
      const failed = logs.filter(({ fields }) => String(fields.get("message")).includes("order failed"));
      const lines = failed.filter(({ measurement }) => measurement === "awslambda-logging").length;
      assertGreater(failed.length, 0);
      return [lines, failed.length - lines];
    };
    assertEquals(await count({}), [INVOCATIONS, INVOCATIONS]);
    assertEquals(await count({ ENV_ENABLE_LOG_COLLECTION: "false" }), [0, INVOCATIONS]);
  },
);
