/**
 * Functions write metrics into their log with the real libraries, and what Dataway gets of them is what CloudWatch
 * stores of the same calls. `METRICS_RECORD=1` keeps the lines for the quick tests.
 */
import { assertEquals } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { missingTool } from "../clients/language.ts";
import { asStored, EXPECTED, type StoredMetric } from "../log_metrics/expected.ts";
import { startExecutable } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { METRICS_LANGUAGES, type MetricsLanguage } from "./metrics/languages.ts";

const RECORDED = new URL("../log_metrics/recorded/", import.meta.url);

for (const language of METRICS_LANGUAGES) {
  scenario(
    `metrics that libraries of ${language.name} write into the log arrive as CloudWatch stores them`,
    async (t) => {
      const missing = await missingTool(language.needs);
      if (missing !== undefined) {
        if (Deno.env.get("CI") === "true") throw new Error(`Cannot verify ${language.name}: no ${missing}`);
        // deno-lint-ignore no-console
        return console.log(`${language.name.toUpperCase()} IS NOT VERIFIED HERE: no ${missing}`);
      }
      for (const library of language.libraries) {
        for (const logFormat of ["Text", "JSON"] as const) {
          await t.step(`${library}, ${logFormat}`, async () => {
            const { metrics, lines } = await runFunction(language, library, logFormat);
            assertEquals(metrics, EXPECTED[`${language.name} ${library}`] ?? EXPECTED[library]);
            if (Deno.env.get("METRICS_RECORD") === "1" && logFormat === "Text") {
              await keep(language, library, lines);
            }
          });
        }
      }
    },
  );
}

async function runFunction(
  language: MetricsLanguage,
  library: string,
  logFormat: "Text" | "JSON",
): Promise<{ readonly metrics: readonly StoredMetric[]; readonly lines: readonly string[] }> {
  const command = await language.install();
  await using sandbox = await startExecutable(await buildBinary())({
    function: { ...command, env: { ...command.env, ...language.env } },
    handler: language.handler,
    functionName: "shop-checkout",
    logFormat,
    memorySizeMb: 1024,
    timeoutMs: 30_000,
    env: {
      ENV_AWSLAMBDA_METRICS_FROM_LOGS: "emf,datadog",
      ENV_AWSLAMBDA_METRICS_FROM_LOGS_KEEP_LINES: "false",
    },
  });
  await sandbox.lambda.init();
  const { functionError } = await sandbox.lambda.invoke({}, { payload: JSON.stringify({ library }) });
  assertEquals(functionError, undefined);
  await sandbox.lambda.shutdown();
  const points = sandbox.dataway.points("metric").filter(({ measurement }) =>
    !measurement.startsWith("awslambda")
  );
  const lines = sandbox.lambda.logs.filter(({ source }) => source === "function").map(({ line }) => line);
  return { metrics: asStored(points), lines };
}

async function keep(language: MetricsLanguage, library: string, lines: readonly string[]): Promise<void> {
  const name = `${language.name} ${library}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  await Deno.mkdir(RECORDED, { recursive: true });
  // What Java's logging facade says of itself is no metric.
  const written = lines.filter((line) => !line.startsWith("SLF4J: "));
  await Deno.writeTextFile(new URL(`${name}.json`, RECORDED), `${JSON.stringify(written, undefined, 2)}\n`);
}
