/**
 * What the executable says when a person starts it: Lambda gives no arguments. Loaded only then.
 */
import { describeError } from "@std/log";
import { parseConfig, type ParsedConfig } from "./config.ts";
import { type DatawayEndpoint, parseSecretEndpoints } from "./config/dataway.ts";
import type { Environment, Setting } from "./config/reader.ts";
import { createDatawayClient, type DatawayClient } from "./dataway/client.ts";
import { describeNetworkError } from "./dataway/error_text.ts";
import { createDatawayExporter } from "./dataway/exporter.ts";
import { batchOf } from "./pipeline/exporter.ts";
import { createCommonKeys } from "./point/common_tags.ts";
import { createPoint } from "./point/create_point.ts";
import { encodeRange } from "./point/point_range.ts";
import { ENCODINGS } from "./point/encoding.ts";
import { SELF_MEASUREMENT } from "./pipeline/self_metrics.ts";
import { createRedactor } from "./secrets.ts";
import { VERSION } from "./version.ts";

export interface CliOptions {
  readonly args: readonly string[];
  readonly env: Environment;
  /** Takes one line of the answer. */
  readonly print: (line: string) => void;
  /** Unix time in ms. */
  readonly now?: () => number;
}

const HELP = `DataKit's AWS Lambda extension ${VERSION}

Lambda starts this executable from /opt/extensions without arguments. Started by hand it takes:

  --version      its version
  --help         this text
  doctor         checks the settings and whether Dataway is there; sends nothing
  doctor --send  the same, and sends one point of the measurement ${SELF_MEASUREMENT}

Settings are environment variables; ENV_DATAWAY=https://host?token=<your-token> is the one that is needed.`;

/** Longest time the doctor waits for Dataway, in ms. */
const PATIENCE_MS = 10_000;

/** Answers `args` and resolves to the exit code: 0 when all is well, 1 when the doctor found something, 2 for bad words. */
export async function runCli(options: CliOptions): Promise<number> {
  const { args, print } = options;
  switch (args.join(" ")) {
    case "--version":
      print(VERSION);
      return 0;
    case "--help":
    case "":
      print(HELP);
      return args.length === 0 ? 2 : 0;
    case "doctor":
    case "doctor --send":
      return await doctor(options, args.includes("--send"));
    default:
      print(
        `Cannot understand these arguments: current value is ${JSON.stringify(args.join(" "))}\n\n${HELP}`,
      );
      return 2;
  }
}

async function doctor(options: CliOptions, send: boolean): Promise<number> {
  const { env } = options;
  const parsed = parseConfig(env);
  const secrets = new Set(parsed.secrets);
  const print = (line: string): void => options.print(createRedactor(secrets)(line));
  using client = createDatawayClient(parsed.config.dataway, env);
  const problems = [...parsed.problems, ...client.problems];

  print(`datakit-lambda-extension ${VERSION}`);
  print("\nSettings that are set");
  const shown = parsed.settings.filter(({ name }) => (env[name] ?? "") !== "");
  for (const setting of shown) print(`  ${setting.name} = ${valueOf(setting, env)}`);
  if (shown.length === 0) print("  none");
  print("\nProblems");
  for (const { message, used } of problems) print(`  ${message}; used instead: ${used}`);
  if (problems.length === 0) print("  none");

  print("\nDataway");
  const { endpoints, reason } = await findEndpoints(parsed, env);
  for (const { token } of endpoints) secrets.add(token);
  if (reason !== undefined) print(`  none: ${reason}`);
  let isReached = endpoints.length > 0;
  for (const endpoint of endpoints) {
    const answer = send
      ? await sendPoint(parsed, endpoint, client, options)
      : await probe(endpoint.base, client);
    print(`  ${endpoint.base}: ${answer.text}`);
    isReached &&= answer.ok;
  }
  return problems.length === 0 && isReached ? 0 : 1;
}

/** The endpoints of the settings, or of the secret that stands in for them; else why there are none. */
async function findEndpoints(
  parsed: ParsedConfig,
  env: Environment,
): Promise<{ readonly endpoints: readonly DatawayEndpoint[]; readonly reason?: string }> {
  const { endpoints, secret } = parsed.config.dataway;
  if (endpoints.length > 0) return { endpoints };
  if (secret === undefined) return { endpoints, reason: "nothing would be sent. Set ENV_DATAWAY" };
  try {
    const { readSecretValue } = await import("./dataway/secret/secret_store.ts");
    const { createAwsClient } = await import("./dataway/secret/credentials.ts");
    using client = createAwsClient(env);
    const found = parseSecretEndpoints(await readSecretValue(secret, env, client.send), secret.urls);
    if (found.endpoints.length > 0) return { endpoints: found.endpoints };
    return {
      endpoints,
      reason: `data would be held. ${found.problems.map(({ message }) => message).join("; ")}`,
    };
  } catch (error) {
    return { endpoints, reason: `data would be held. ${describeError(error)}` };
  }
}

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** Whether anyone answers there: an empty request to no upload path, without the token. */
async function probe(base: string, client: DatawayClient): Promise<Answer> {
  try {
    const { status } = await client.send(`${base}/`, {
      method: "POST",
      headers: {},
      body: new Uint8Array(),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { ok: true, text: `answers (${status})` };
  } catch (error) {
    return { ok: false, text: `does not answer: ${describeNetworkError(error)}` };
  }
}

async function sendPoint(
  parsed: ParsedConfig,
  endpoint: DatawayEndpoint,
  client: DatawayClient,
  options: CliOptions,
): Promise<Answer> {
  const now = options.now ?? Date.now;
  const { dataway } = parsed.config;
  await using exporter = createDatawayExporter({
    ...dataway,
    endpoints: [endpoint],
    encoding: ENCODINGS[dataway.contentEncoding],
    commonTags: () => new Map(),
    commonKeys: createCommonKeys([]),
    send: client.send,
    now,
    version: VERSION,
  });
  const point = createPoint({
    category: "metric",
    measurement: SELF_MEASUREMENT,
    tags: [["source", "doctor"]],
    fields: [["checks", 1n]],
    timeNs: BigInt(now()) * 1_000_000n,
  });
  const batch = batchOf("metric", point === undefined ? [] : [encodeRange([point])]);
  const result = await exporter.export(batch, AbortSignal.timeout(PATIENCE_MS));
  return result.status === "success"
    ? { ok: true, text: "took a point" }
    : { ok: false, text: `did not take a point: ${result.error}` };
}

/** As set; of what is secret as a whole no more than the hosts of URLs. */
function valueOf({ name, isSecret }: Setting, env: Environment): string {
  const text = env[name]?.trim() ?? "";
  return isSecret ? text.split(",").map((item) => urlWithoutSecrets(item.trim())).join(",") : text;
}

function urlWithoutSecrets(text: string): string {
  const url = text.includes("://") ? URL.parse(text) : null;
  if (url === null || url.host === "") return "***";
  const userInfo = url.username === "" ? "" : "***@";
  return `${url.protocol}//${userInfo}${url.host}${url.search === "" ? "" : "/?***"}`;
}
