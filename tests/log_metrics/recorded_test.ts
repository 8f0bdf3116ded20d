/**
 * Lines that real libraries wrote (`METRICS_RECORD=1 deno task test:runtimes`; Datadog's for Python, 8.130.0, by hand),
 * through the telemetry endpoint and, where they are Datadog's, the StatsD aggregator.
 */
import { assertEquals } from "@std/assert";
import { readStatsdConfig } from "../../src/config/statsd.ts";
import { createSettingReader } from "../../src/config/reader.ts";
import { createAggregator } from "../../src/ingest/statsd/aggregate.ts";
import { event, openTelemetry } from "../lambda/open_telemetry.ts";
import { createRecordingIntake } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";
import { asStored, EXPECTED } from "./expected.ts";

const RECORDED = new URL("recorded/", import.meta.url);
const LANGUAGES: Readonly<Record<string, string>> = {
  python: "Python",
  node_js: "Node.js",
  java: "Java",
  rust: "Rust",
};
const LIBRARIES: Readonly<Record<string, string>> = {
  powertools: "powertools",
  powertools_many: "powertools, many",
  aws_embedded_metrics: "aws-embedded-metrics",
  metrics_cloudwatch_embedded: "metrics_cloudwatch_embedded",
  datadog: "datadog",
  datadog_older: "datadog, older",
};

scenario("lines that real libraries wrote become what CloudWatch stores", async (t) => {
  for (const { name } of [...Deno.readDirSync(RECORDED)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const language = Object.keys(LANGUAGES).find((key) => name.startsWith(`${key}_`)) ?? "";
    const library = LIBRARIES[name.slice(language.length + 1, -".json".length)] ?? "";
    await t.step(`${library} of ${LANGUAGES[language]}`, async () => {
      const lines: unknown = JSON.parse(await Deno.readTextFile(new URL(name, RECORDED)));
      if (!Array.isArray(lines)) throw new Error(`Cannot use ${name} as it must be a list of lines`);
      assertEquals(
        await stored(lines.map(String)),
        EXPECTED[`${LANGUAGES[language]} ${library}`] ?? EXPECTED[library],
      );
    });
  }
});

async function stored(lines: readonly string[]): ReturnType<typeof storedOf> {
  const telemetry = openTelemetry({
    logMetrics: { formats: new Set(["emf", "datadog"]), keepLines: false },
    metrics: false,
  });
  // The time at which they were written, which stands in each.
  telemetry.setTime(
    Number(/(?:"Timestamp":|"e":|MONITORING\|) ?(\d{10})/.exec(lines.join("\n"))?.[1]) * 1000,
  );
  for (const line of lines) await telemetry.post([event("12:00:00.000", "function", `${line}\n`)]);
  assertEquals(telemetry.points.filter(({ category }) => category === "logging"), []);
  return await storedOf(telemetry);
}

async function storedOf(
  { points, samples }: ReturnType<typeof openTelemetry>,
): Promise<ReturnType<typeof asStored>> {
  const intake = createRecordingIntake("statsd");
  const config = readStatsdConfig(createSettingReader({}), true);
  const aggregator = createAggregator({ config, intake, now: Date.now });
  for (const sample of samples) aggregator.add({ ...sample, member: "", rate: 1, relative: false });
  await aggregator.flush();
  return asStored([...points, ...intake.points]);
}
