/** Where the points go: to the Dataway of the settings, or to one that a secret of AWS names. */
import type { Logger } from "@std/log";
import type { Config } from "./config.ts";
import { type DatawayEndpoint, parseSecretEndpoints } from "./config/dataway.ts";
import type { Environment } from "./config/reader.ts";
import { createDatawayExporter } from "./dataway/exporter.ts";
import type { Send } from "./dataway/http/message.ts";
import { createSecretExporter } from "./dataway/secret/secret_exporter.ts";
import type { Exporter } from "./pipeline/exporter.ts";
import type { CommonKeys } from "./point/common_tags.ts";
import { ENCODINGS } from "./point/encoding.ts";
import type { Routing } from "./routing.ts";
import { VERSION } from "./version.ts";

export interface ExportingOptions {
  readonly config: Config["dataway"];
  readonly env: Environment;
  /** What is common to all points, as known now. */
  readonly commonTags: () => ReadonlyMap<string, string>;
  readonly commonKeys: CommonKeys;
  readonly routing: Routing;
  readonly send: Send;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Disposal closes what its exporters hold open. */
export interface Exporting extends AsyncDisposable {
  readonly exporter: Exporter;
  /** Gets ready before there is anything to send; returns at once. */
  prepare(): void;
}

export function createExporting(options: ExportingOptions): Exporting {
  const { config, env, commonTags, commonKeys, routing: { sinker, filters }, send, log, now } = options;
  const exporterTo = (endpoints: readonly DatawayEndpoint[]): Exporter & AsyncDisposable => {
    const made = createDatawayExporter({
      ...config,
      endpoints,
      encoding: ENCODINGS[config.contentEncoding],
      commonTags,
      commonKeys,
      send,
      sinker,
      now,
      version: VERSION,
    });
    return filters?.beside(made, endpoints) ?? made;
  };
  const { secret } = config;
  if (secret === undefined) {
    const exporter = exporterTo(config.endpoints);
    return { exporter, prepare: () => {}, [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose]() };
  }
  const exporter = createSecretExporter({
    endpointsOf: (value) => parseSecretEndpoints(value, secret.urls),
    readSecret: async () => {
      const { readSecretValue } = await import("./dataway/secret/secret_store.ts");
      const { createAwsClient } = await import("./dataway/secret/credentials.ts");
      using aws = createAwsClient(env, now);
      return await readSecretValue(secret, env, aws.send, now);
    },
    exporterTo,
    log,
    now,
  });
  return {
    exporter,
    prepare: () => exporter.prepare(),
    [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose](),
  };
}
