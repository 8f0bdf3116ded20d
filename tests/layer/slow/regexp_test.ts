/** Users' regular expressions under the executable's own V8 flags, which tests of the sources do not have. */
import { assert, assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { freePort } from "../../support/loopback.ts";

/** Patterns that take more than the age of the universe by backtracking, on the texts below. */
const PATTERNS = ["^(a+)+$", "^(a|aa)+$", "^a{0,60}a{60}$", "(.*)*=.*b"];
/** One resource for each. */
const RESOURCES = ["a".repeat(35), "a".repeat(1_000), "a".repeat(20_000)];
/** Backtracking 35 letters takes half an hour. In ms, on a machine that does other things too. */
const MAX_MS = 3_000;

scenario("a user's pattern of exponential time does not hang the executable", async () => {
  const port = freePort();
  const start = startExecutable(await buildBinary());
  await using sandbox = await start({
    freeze: false,
    env: {
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace",
      ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${port}`,
      ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
      ENV_INPUT_DDTRACE_CLOSE_RESOURCE: JSON.stringify({ "*": PATTERNS }),
      ENV_INPUT_DDTRACE_CUSTOMER_TAGS: JSON.stringify(PATTERNS.map((pattern) => `reg:${pattern}`)),
    },
  });
  const { lambda, dataway } = sandbox;
  await lambda.init();
  const spans = RESOURCES.map((resource, i) => ({
    ...{ service: "s", name: "n", trace_id: i + 1, span_id: i + 1, start: 1_700_000_000_000_000_000 },
    resource: `${resource}!`,
    meta: { [`${resource}!`]: "x" },
  }));
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/v0.4/traces`, {
    method: "PUT",
    body: JSON.stringify(spans.map((span) => [span])),
    signal: AbortSignal.timeout(10 * MAX_MS),
  });
  assertEquals([response.status, await response.json()], [200, { rate_by_service: { "service:,env:": 1 } }]);
  const took = performance.now() - startedAt;
  assert(took < MAX_MS, `${took} ms`);
  await lambda.invoke({});
  assertEquals((await lambda.shutdown()).exitCode, 0);
  assertEquals(dataway.points("tracing", "ddtrace").length, RESOURCES.length);
});
