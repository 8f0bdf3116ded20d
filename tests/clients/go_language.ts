/**
 * Clients from the Go module proxy, compiled once. Version 1 of dd-trace-go is a shell around version 2: it has a
 * module of its own so that it gets the version 2 that it was made for.
 */
import { ddtraceCase } from "./ddtrace_scenario.ts";
import { cacheDir, type ClientCase, type Language, run, sourceDir } from "./language.ts";
import { lambdaCase } from "./lambda_scenario.ts";
import { otlpCase, type OtlpClient } from "./otlp_scenario.ts";
import { statsdCase } from "./statsd_scenario.ts";

const DIR = cacheDir("go");
/** With its level: anything above INFO is a fault. */
const STARTUP_LOG = [/ Datadog Tracer v\S+ INFO: DATADOG TRACER CONFIGURATION /];

/** Modules of sources, and what they are built into. */
const MODULES = [["go", `${DIR}/`], ["go_v1", `${DIR}/ddtrace_v1`], ["go_lambda", `${DIR}/lambda`]] as const;

/** Go. */
export const GO: Language = {
  name: "Go",
  needs: [["go", "-C", sourceDir("go"), "list", "-m"]],
  install: async () => {
    await Deno.mkdir(DIR, { recursive: true });
    const manifests: string[] = [];
    // Go's own cache tells what is to be compiled.
    for (const [module, target] of MODULES) {
      await run("go", ["build", "-mod=readonly", "-o", target, "./..."], { cwd: sourceDir(module) });
      manifests.push(await Deno.readTextFile(`${sourceDir(module)}/go.mod`));
    }
    const version = await run("go", ["env", "GOVERSION"], { cwd: sourceDir("go") });
    const pinned = new Map(
      Array.from(
        manifests.join("\n").matchAll(/^(?:require)?\s+(\S+) (v\S+)$/gm),
        ([, name, pin]) => [name, pin],
      ),
    );
    return {
      runtime: version.trim().replace("go", "Go "),
      versionOf: (name) => String(pinned.get(name)),
      command: (program, args, env) => ({ program: `${DIR}/${program}`, args, env }),
    };
  },
  cases: [
    otlp({ protocol: "http/protobuf" }),
    otlp({ protocol: "http/protobuf", gzip: true, delta: true }),
    otlp({ protocol: "grpc" }),
    otlp({ protocol: "grpc", gzip: true }),
    ddtraceCase({
      client: "github.com/DataDog/dd-trace-go/v2",
      program: "ddtrace",
      version: "v1.0",
      setup: "`tracer.Start(tracer.WithLambdaMode(false))`",
      expectedLog: STARTUP_LOG,
    }),
    ddtraceCase({
      client: "gopkg.in/DataDog/dd-trace-go.v1",
      program: "ddtrace_v1",
      version: "v0.4",
      setup: "`tracer.Start(tracer.WithLambdaMode(false))`",
      events: false,
      expectedLog: STARTUP_LOG,
    }),
    lambda("api", "aws.apigateway.http"),
    lambda("queue", "aws.sqs"),
    statsdCase({
      client: "github.com/DataDog/datadog-go/v5",
      program: "statsd",
      setup: '`statsd.New("127.0.0.1:8125")`',
    }),
  ],
};

/** The library leaves the invocation's span to the extension. */
function lambda(event: "api" | "queue", inferred: string): ClientCase {
  return lambdaCase({
    client: "github.com/DataDog/datadog-lambda-go",
    program: "lambda",
    env: { DD_TRACE_ENABLED: "true" },
    marker: "file",
    event,
    inferred,
    reports: true,
    metric: true,
    // Nobody but Lambda puts X-Ray's header into the context.
    expectedLog: [...STARTUP_LOG, /"datadog: Couldn't convert X-Ray trace context: /],
  });
}

function otlp(options: Pick<OtlpClient, "protocol" | "gzip" | "delta">): ClientCase {
  return otlpCase({
    client: "go.opentelemetry.io/otel",
    program: "otlp",
    args: [options.protocol === "grpc" ? "grpc" : "http"],
    setup: "`WithInsecure()` on each exporter",
    ...options,
  });
}
