/** SDKs in functions on real runtime clients: what of theirs arrives when the function is frozen after each answer. */
import { cacheDir as clientsDir, run } from "../clients/language.ts";
import { JAVA as JAVA_CLIENTS } from "../clients/java_language.ts";
import { NODE as NODE_CLIENTS } from "../clients/node_language.ts";
import { PYTHON as PYTHON_CLIENTS } from "../clients/python_language.ts";
import type { FunctionCommand } from "../emulator/options.ts";
import { JAVA, JAVA_OPTIONS } from "./java_language.ts";
import { NODE } from "./node_language.ts";
import { PYTHON } from "./python_language.ts";
import { cacheDir, machineEnv, sourceDir } from "./runtime.ts";

/** A language whose functions can be run with their SDKs. */
export interface SdkLanguage {
  readonly name: string;
  readonly needs: readonly (readonly string[])[];
  readonly sdks: readonly Sdk[];
  /** Installs the runtime client and the SDKs; the command of the function, whose SDK its variables name. */
  install(): Promise<FunctionCommand>;
}

/** An SDK as a user has it. */
export interface Sdk {
  /** The package that a user would name. */
  readonly client: string;
  /** How it is set up, where that is not as it comes. */
  readonly how?: string;
  /** The function's name for it. */
  readonly sdk: string;
  readonly sends: "spans" | "counts";
  readonly env?: Readonly<Record<string, string>>;
  /** What the handler calls before it returns; nothing where all arrives without. */
  readonly flush?: string;
}

const OTEL = { OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" };
const AGENT = { DD_AGENT_HOST: "127.0.0.1" };

const NODE_SDKS: SdkLanguage = {
  name: NODE.name,
  needs: NODE.needs,
  sdks: [
    {
      client: "@opentelemetry/sdk-node",
      sdk: "opentelemetry",
      sends: "spans",
      env: OTEL,
      flush: "`await trace.getTracerProvider().getDelegate().forceFlush()`",
    },
    { client: "dd-trace", sdk: "ddtrace", sends: "spans", env: { DD_TRACE_EXPERIMENTAL_EXPORTER: "agent" } },
    { client: "hot-shots", sdk: "statsd", sends: "counts" },
    {
      client: "hot-shots",
      how: "`maxBufferSize`",
      sdk: "statsd buffered",
      sends: "counts",
      flush: "`client.flush(callback)`, and wait for it",
    },
  ],
  install: async () => {
    await Promise.all([NODE.install(), NODE_CLIENTS.install()]);
    const [client] = NODE.clients;
    if (client === undefined) throw new Error("Cannot start a function as there is no runtime client");
    const dir = clientsDir("node");
    // Modules are looked for beside the program.
    await Deno.copyFile(`${sourceDir("node")}/flush.cjs`, `${dir}/flush.cjs`);
    const command = client.command();
    return { ...command, env: { ...command.env, LAMBDA_TASK_ROOT: dir } };
  },
};

const PYTHON_SDKS: SdkLanguage = {
  name: PYTHON.name,
  needs: PYTHON.needs,
  sdks: [
    {
      client: "opentelemetry-sdk",
      sdk: "opentelemetry",
      sends: "spans",
      flush: "`tracer_provider.force_flush()`",
    },
    { client: "ddtrace", sdk: "ddtrace", sends: "spans", env: AGENT, flush: "`tracer.flush()`" },
    { client: "datadog", sdk: "statsd", sends: "counts" },
    {
      client: "datadog",
      how: "`disable_buffering=False`",
      sdk: "statsd buffered",
      sends: "counts",
      flush: "`client.flush()`",
    },
  ],
  install: async () => {
    await Promise.all([PYTHON.install(), PYTHON_CLIENTS.install()]);
    const [client] = PYTHON.clients;
    if (client === undefined) throw new Error("Cannot start a function as there is no runtime client");
    const sdks = await run(`${clientsDir("python")}/venv/bin/python`, [
      "-c",
      "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]);
    const command = client.command();
    return {
      ...command,
      args: ["-B", "-m", "awslambdaric", "flush.handler"],
      cwd: sourceDir("python"),
      env: { ...command.env, LAMBDA_TASK_ROOT: sourceDir("python"), PYTHONPATH: sdks.trim() },
    };
  },
};

const GO_SDKS: SdkLanguage = {
  name: "Go",
  needs: [["go", "-C", sourceDir("go_flush"), "list", "-m"]],
  sdks: [
    {
      client: "go.opentelemetry.io/otel/sdk",
      sdk: "opentelemetry",
      sends: "spans",
      flush: "`tracerProvider.ForceFlush(ctx)`",
    },
    {
      client: "github.com/DataDog/dd-trace-go/v2",
      how: "`WithLambdaMode(false)`",
      sdk: "ddtrace",
      sends: "spans",
      flush: "`tracer.Flush()`",
    },
    {
      client: "github.com/DataDog/datadog-go/v5",
      sdk: "statsd",
      sends: "counts",
      flush: "`client.Flush()`",
    },
  ],
  install: async () => {
    const program = `${cacheDir("go")}/flush`;
    await Deno.mkdir(cacheDir("go"), { recursive: true });
    await run("go", ["build", "-mod=readonly", "-o", program, "."], { cwd: sourceDir("go_flush") });
    return { program, args: [], env: machineEnv() };
  },
};

const JAVA_SDKS: SdkLanguage = {
  name: JAVA.name,
  needs: JAVA.needs,
  sdks: [
    {
      client: "io.opentelemetry:opentelemetry-sdk",
      sdk: "opentelemetry",
      sends: "spans",
      env: { ...OTEL, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" },
      flush: "`sdkTracerProvider.forceFlush().join(1, TimeUnit.SECONDS)`",
    },
    {
      client: "com.datadoghq:java-dogstatsd-client",
      how: "`blocking(true)`",
      sdk: "statsd",
      sends: "counts",
      flush: "`client.close()`: a client of its own for each invocation",
    },
  ],
  install: async () => {
    await Promise.all([JAVA.install(), JAVA_CLIENTS.install()]);
    const classes = `${cacheDir("java")}/flush`;
    const jars = `${cacheDir("java")}/lib/*:${clientsDir("java")}/okhttp/lib/*`;
    const source = `${sourceDir("java")}/src/FlushHandler.java`;
    await run("javac", ["-encoding", "UTF-8", "-d", classes, "-cp", jars, source]);
    const client = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
    const handler = "FlushHandler::handleRequest";
    return {
      program: "java",
      args: [...JAVA_OPTIONS, "-cp", `${classes}:${jars}`, client, handler],
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: cacheDir("java"), _HANDLER: handler },
    };
  },
};

export const SDK_LANGUAGES: readonly SdkLanguage[] = [NODE_SDKS, PYTHON_SDKS, GO_SDKS, JAVA_SDKS];
