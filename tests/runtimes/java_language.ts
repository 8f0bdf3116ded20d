/** Maven's `aws-lambda-java-runtime-interface-client` with `aws-lambda-java-core`, on the machine's Java. */
import { once, run } from "../clients/language.ts";
import { BOTH, casesOf, NEVER } from "./cases.ts";
import { cacheDir, type Language, machineEnv, sourceDir } from "./runtime.ts";

const DIR = cacheDir("java");
const SOURCE = sourceDir("java");
const COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const CLASS_PATH = `${DIR}/classes:${DIR}/lib/*`;
/** As Lambda starts it. */
export const JAVA_OPTIONS: readonly string[] = [
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  // Without it the client cannot open the log pipe.
  "--add-opens=java.base/java.io=ALL-UNNAMED",
];

/** Java. */
export const JAVA: Language = {
  name: "Java",
  needs: [["java", "--version"], ["javac", "--version"], ["mvn", "--version"]],
  pipes: ["framed", "unframed"],
  clients: [{
    name: "aws-lambda-java-runtime-interface-client",
    version: "2.10.1",
    command: () => ({
      program: "java",
      args: [
        ...JAVA_OPTIONS,
        "-cp",
        CLASS_PATH,
        "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
        "Handler::handleRequest",
      ],
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: DIR, _HANDLER: "Handler::handleRequest" },
    }),
  }],
  cases: casesOf({
    and: [
      "thrown, suppressed",
      "thrown, looks like a head",
      "thrown, tabs and own fields",
      "logged last, as the runtime would begin",
    ],
  }),
  loggers: [
    { name: "LambdaLogger", structured: NEVER },
    { name: "logback", structured: BOTH },
    { name: "log4j2", structured: BOTH },
  ],
  install: async () => {
    const pom = `${SOURCE}/pom.xml`;
    const [handler, logback] = [`${SOURCE}/src/Handler.java`, `${SOURCE}/src/logback.xml`];
    await once(DIR, [pom, handler, logback], async () => {
      const target = `-DoutputDirectory=${DIR}/lib`;
      await Deno.remove(`${DIR}/lib`, { recursive: true }).catch(() => {});
      await run("mvn", ["-q", "-B", "-f", pom, COPY_DEPENDENCIES, target]);
      await run("javac", ["-encoding", "UTF-8", "-d", `${DIR}/classes`, "-cp", `${DIR}/lib/*`, handler]);
      await Deno.copyFile(logback, `${DIR}/classes/logback.xml`);
    });
  },
};
