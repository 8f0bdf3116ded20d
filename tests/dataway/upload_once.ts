/**
 * A program for tests: uploads one metric point to `ENV_DATAWAY` and prints the result as JSON. Proxy variables are
 * read once per process, so they need one of their own.
 */
import { createSettingReader } from "../../src/config/reader.ts";
import { readDatawayConfig } from "../../src/config/dataway.ts";
import { createDatawayClient } from "../../src/dataway/client.ts";
import { createDatawayExporter } from "../../src/dataway/exporter.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";

const env = Deno.env.toObject();
const reader = createSettingReader(env);
const config = readDatawayConfig(reader);
using client = createDatawayClient(config, env);
await using exporter = createDatawayExporter({
  ...config,
  encoding: ENCODINGS[config.contentEncoding],
  commonTags: () => new Map(),
  commonKeys: createCommonKeys([]),
  send: client.send,
  now: Date.now,
  version: "0.0.0",
});
const result = await exporter.export(batchOfPoints([testPoint("one", "metric")]), AbortSignal.timeout(5000));
const problems = [...reader.problems, ...client.problems].map((problem) => problem.message);
// deno-lint-ignore no-console
console.log(JSON.stringify({ ...result, problems }));
