/** Clients from PyPI, in a virtual environment. */
import { ddtraceCase } from "./ddtrace_scenario.ts";
import { cacheDir, type ClientCase, type Language, once, run, sourceDir } from "./language.ts";
import { lambdaCase } from "./lambda_scenario.ts";
import { otlpCase, type OtlpClient } from "./otlp_scenario.ts";
import { platformTraceCase } from "./platform_trace_scenario.ts";
import { statsdCase } from "./statsd_scenario.ts";

const DIR = cacheDir("python");

/** Python. */
export const PYTHON: Language = {
  name: "Python",
  needs: [["python3", "-m", "ensurepip", "--version"]],
  install: async () => {
    const requirements = `${sourceDir("python")}/requirements.txt`;
    const python = `${DIR}/venv/bin/python`;
    await once(DIR, [requirements], async () => {
      await run("python3", ["-m", "venv", "--clear", `${DIR}/venv`]);
      await run(python, [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        requirements,
      ]);
    });
    const version = await run(python, ["-c", "import platform; print(platform.python_version())"]);
    const pinned = new Map(
      (await Deno.readTextFile(requirements)).split("\n").map((line) => {
        const [name = "", pin = ""] = line.split("==");
        return [name, pin];
      }),
    );
    return {
      runtime: `Python ${version.trim()}`,
      versionOf: (name) => String(pinned.get(name)),
      command: (program, args, env) => ({
        program: python,
        args: ["-B", `${sourceDir("python")}/${program}`, ...args],
        env,
      }),
    };
  },
  cases: [
    otlp({ protocol: "http/protobuf" }),
    otlp({ protocol: "http/protobuf", gzip: true, delta: true }),
    otlp({ protocol: "grpc" }),
    otlp({ protocol: "grpc", gzip: true }),
    ddtraceCase({
      client: "ddtrace",
      program: "ddtrace_app.py",
      version: "v0.5",
      env: { DD_AGENT_HOST: "127.0.0.1" },
      setup: "`DD_AGENT_HOST=127.0.0.1`",
    }),
    ddtraceCase({
      client: "ddtrace",
      program: "ddtrace_app.py",
      version: "v0.4",
      env: { DD_AGENT_HOST: "127.0.0.1", DD_TRACE_API_VERSION: "v0.4" },
      setup: "`DD_AGENT_HOST=127.0.0.1`, `DD_TRACE_API_VERSION=v0.4`",
    }),
    lambdaCase({
      client: "datadog_lambda",
      program: "lambda_app.py",
      marker: "folder",
      inferred: "aws.httpapi",
      metric: true,
    }),
    platformTraceCase({
      client: "opentelemetry-sdk",
      program: "otel_lambda.py",
      setup: "the span of kind server with `faas.invocation_id`",
    }),
    statsdCase({
      client: "datadog",
      program: "statsd.py",
      setup: "`DogStatsd` flushed before the handler returns",
    }),
  ],
};

function otlp(options: Pick<OtlpClient, "protocol" | "gzip" | "delta">): ClientCase {
  return otlpCase({
    client: "opentelemetry-exporter-otlp",
    program: "otlp.py",
    args: [options.protocol === "grpc" ? "grpc" : "http"],
    setup: "",
    ...options,
  });
}
