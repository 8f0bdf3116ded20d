/** What the guides, `/info` and the code call a route is one, on the main port too. */
import { assert, assertEquals } from "@std/assert";
import { NAMED_PATHS } from "../../src/ingest/ddtrace/routes.ts";
import { TELEMETRY_PATHS } from "../../src/lambda/telemetry_api.ts";
import { STATUS_PATH } from "../../src/status/receiver.ts";
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

const GUIDES: readonly (readonly [file: string, from: string])[] = [
  ["src/ingest/README.md", "# What the function may send"],
  ["src/README.zh.md", "## 函数可以发送的数据"],
];
/** A path of ours in backticks: one that begins with a version, or a word that only we use. */
const PATH = /`(?:GET |POST )?(\/(?:otel\/|dogstatsd\/)?v\d[\w.*/]*|\/(?:info|status|awslambda))`/g;

/** A request path for what a guide writes: `/v0.4` is its traces, and a star stands for one of many. */
function toPath(written: string): string {
  if (/^\/v\d\.\d$/.test(written)) return `${written}/traces`;
  return written.replace("/write/*", "/write/metric").replace("/v1/*", "/v1/logs");
}

async function readPaths([file, from]: typeof GUIDES[number]): Promise<readonly string[]> {
  const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
  const start = text.indexOf(from);
  assert(start >= 0, `${file} has lost its section`);
  const level = from.indexOf(" ");
  const end = text.slice(start + from.length).search(new RegExp(`^#{1,${level}} `, "m"));
  const section = end < 0 ? text.slice(start) : text.slice(start, start + from.length + end);
  return [...new Set([...section.matchAll(PATH)].map(([, path = ""]) => toPath(path)))].toSorted();
}

scenario("the main port serves each path that a guide or /info names, and no other", async () => {
  const [english = [], chinese = []] = await Promise.all(GUIDES.map(readPaths));
  assertEquals(english, chinese, "both guides name the same");
  assert(english.includes("/v1/write/metric") && english.includes("/v1.0/traces"), english.join(" "));
  await using sandbox = await startSandbox({
    env: {
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry,ddtrace,statsd",
      ENV_INPUT_OTEL_HTTP: "127.0.0.1:0",
      ENV_INPUT_OTEL_GRPC: "off",
      ENV_INPUT_DDTRACE_LISTEN: "127.0.0.1:0",
      ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
      ENV_INPUT_STATSD_LISTEN: "127.0.0.1:0",
    },
  });
  await sandbox.lambda.init();
  const [port = 0] = sandbox.lambda.telemetryPorts;
  const isServed = async (path: string): Promise<boolean> => {
    const statuses = await Promise.all(["GET", "POST"].map(async (method) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      await response.body?.cancel();
      return response.status;
    }));
    return statuses.some((status) => status !== 404);
  };
  for (const path of [...english, ...NAMED_PATHS, ...TELEMETRY_PATHS, STATUS_PATH]) {
    assert(await isServed(path), path);
  }
  for (
    const path of ["/v0.6/traces", "/v2/traces", "/otel/v1/profiles", "/v1/pings", "/info/x", "/awslambda/x"]
  ) {
    assert(!await isServed(path), path);
  }
});
