/** Clients from Maven Central, on the machine's Java. */
import { ddtraceCase } from "./ddtrace_scenario.ts";
import { cacheDir, type ClientCase, type Language, once, run, sourceDir } from "./language.ts";
import { lambdaCase } from "./lambda_scenario.ts";
import { otlpCase, type OtlpClient } from "./otlp_scenario.ts";
import { statsdCase } from "./statsd_scenario.ts";

const DIR = cacheDir("java");
const COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const JDK_SENDER = "io.opentelemetry:opentelemetry-exporter-sender-jdk";
const AGENT = "com.datadoghq:dd-java-agent";

/** What the agent, the JDK of any agent, and OpenTelemetry's API, which is the agent's interface here, say. */
const AGENT_LOG = [
  / INFO datadog\.trace\.agent\.core\.StatusLogger - DATADOG TRACER CONFIGURATION /,
  / INFO datadog\.trace\.agent\.common\.writer\.WriterFactory - .* Serverless extension has been detected/,
  /^OpenJDK 64-Bit Server VM warning: Sharing is only supported for boot loader classes/,
  /io\.opentelemetry\.api\.GlobalOpenTelemetry maybeAutoConfigureAndSetGlobal$/,
  /^INFO: AutoConfiguredOpenTelemetrySdk found on classpath but automatic configuration is disabled\./,
];

/** Java. */
export const JAVA: Language = {
  name: "Java",
  needs: [["java", "--version"], ["javac", "--version"], ["mvn", "--version"]],
  install: async () => {
    const source = sourceDir("java");
    // Two sets of jars: OkHttp's and the JDK's sender exclude each other.
    for (const set of ["okhttp", "jdk"]) {
      const pom = `${source}/pom_${set}.xml`;
      await once(`${DIR}/${set}`, [pom], () => copyJars(pom, `${DIR}/${set}/lib`));
    }
    await compile("okhttp", ["Otlp", "DdTrace", "LambdaApp", "Statsd"]);
    await compile("jdk", ["Otlp"]);
    const version = await run("java", ["--version"]);
    const pinned = await readPins([`${source}/pom_okhttp.xml`, `${source}/pom_jdk.xml`]);
    const versionOf = (name: string): string => String(pinned.get(name));
    return {
      runtime: `Java ${/\d[\w.]*/.exec(version)?.[0]}`,
      versionOf,
      command: (program, args, env) => {
        const [set = "", main = ""] = program.split("/");
        const agent = main === "DdTrace" || main === "LambdaApp"
          ? [`-javaagent:${DIR}/${set}/lib/dd-java-agent-${versionOf(AGENT)}.jar`]
          : [];
        return {
          program: "java",
          args: [...agent, "-cp", `${DIR}/${set}/classes:${DIR}/${set}/lib/*`, main, ...args],
          env,
        };
      },
    };
  },
  cases: [
    otlp({ protocol: "http/protobuf" }),
    otlp({ protocol: "http/protobuf", gzip: true, delta: true }),
    otlp({ protocol: "grpc" }),
    otlp({ protocol: "grpc", gzip: true }),
    otlp({ protocol: "http/protobuf", client: JDK_SENDER, program: "jdk/Otlp" }),
    ddtraceCase({
      client: AGENT,
      program: "okhttp/DdTrace",
      version: "v0.4",
      env: { DD_AGENT_HOST: "127.0.0.1", DD_TRACE_OTEL_ENABLED: "true" },
      setup:
        "`-javaagent:dd-java-agent.jar`, `DD_AGENT_HOST=127.0.0.1`; `DD_TRACE_OTEL_ENABLED=true` for OpenTelemetry's API",
      expectedLog: AGENT_LOG,
    }),
    lambdaCase({
      client: AGENT,
      program: "okhttp/LambdaApp",
      env: { _HANDLER: "LambdaApp::handleRequest", DD_TRACE_OTEL_ENABLED: "true" },
      marker: "file",
      inferred: "aws.apigateway.http",
      reports: true,
      expectedLog: AGENT_LOG,
    }),
    lambdaCase({
      client: AGENT,
      program: "okhttp/LambdaApp",
      env: { _HANDLER: "LambdaApp::handleRequest", DD_TRACE_OTEL_ENABLED: "true" },
      marker: "file",
      event: "queue",
      inferred: "aws.sqs",
      reports: true,
      expectedLog: AGENT_LOG,
    }),
    statsdCase({
      client: "com.datadoghq:java-dogstatsd-client",
      program: "okhttp/Statsd",
      setup: "`blocking(true)`, or `close()` throws away what is queued",
    }),
  ],
};

function otlp(options: Pick<OtlpClient, "protocol" | "gzip" | "delta"> & Partial<OtlpClient>): ClientCase {
  return otlpCase({
    client: "io.opentelemetry:opentelemetry-exporter-otlp",
    program: "okhttp/Otlp",
    setup: `\`OTEL_EXPORTER_OTLP_PROTOCOL=${options.protocol}\``,
    // The JDK's sender of that version asks for the end of a shutdown twice.
    expectedLog: [/io\.opentelemetry\.sdk\.OpenTelemetrySdk shutdown$/, /^INFO: Multiple shutdown calls$/],
    ...options,
  });
}

async function copyJars(pom: string, dir: string): Promise<void> {
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await run("mvn", ["-q", "-B", "-f", pom, COPY_DEPENDENCIES, `-DoutputDirectory=${dir}`]);
}

async function compile(set: string, programs: readonly string[]): Promise<void> {
  const sources = programs.map((name) => `${sourceDir("java")}/src/${name}.java`);
  const target = `${DIR}/${set}/classes`;
  await run("javac", ["-encoding", "UTF-8", "-d", target, "-cp", `${DIR}/${set}/lib/*`, ...sources]);
}

/** Versions by `group:artifact`. */
async function readPins(poms: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const pins = new Map<string, string>();
  for (const path of poms) {
    const pom = await Deno.readTextFile(path);
    const shared = /<otel\.version>(.*?)</.exec(pom)?.[1] ?? "";
    const dependency = /<groupId>(.*?)<\/groupId>\s*<artifactId>(.*?)<\/artifactId>\s*<version>(.*?)</g;
    for (const [, group, artifact, version = ""] of pom.matchAll(dependency)) {
      const name = `${group}:${artifact}`;
      if (!pins.has(name)) pins.set(name, version === "${otel.version}" ? shared : version);
    }
  }
  return pins;
}
