import { readDatawayConfig } from "../../src/config/dataway.ts";
import { createSettingReader, type Environment } from "../../src/config/reader.ts";
import { createDatawayClient, type DatawayClient } from "../../src/dataway/client.ts";
import { createDatawayExporter } from "../../src/dataway/exporter.ts";
import type { ExportResult } from "../../src/pipeline/exporter.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { Point } from "../../src/point/point.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";

/** An exporter as the program builds it from its environment, over real sockets. */
export interface OpenExporter extends AsyncDisposable {
  readonly client: DatawayClient;
  /** Uploads points of one category. */
  upload(points?: readonly Point[], signal?: AbortSignal): Promise<ExportResult>;
}

const ONE = [testPoint("one", "metric")];

/** Opens an exporter for `env`; `now` is the clock in ms that tells how old connections are. */
export function openExporter(env: Environment, now: () => number = Date.now): OpenExporter {
  const config = readDatawayConfig(createSettingReader(env));
  const client = createDatawayClient(config, env, now);
  const exporter = createDatawayExporter({
    ...config,
    encoding: ENCODINGS[config.contentEncoding],
    commonTags: () => new Map([["region", "test"]]),
    commonKeys: createCommonKeys(["region"]),
    send: client.send,
    now,
    version: "0.0.0",
  });
  return {
    client,
    upload: (points = ONE, signal = new AbortController().signal) =>
      exporter.export(batchOfPoints(points), signal),
    async [Symbol.asyncDispose](): Promise<void> {
      await exporter[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    },
  };
}
