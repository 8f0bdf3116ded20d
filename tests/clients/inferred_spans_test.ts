/**
 * Spans of triggers and contexts out of events, held to what Datadog's own library for Python makes of the same events.
 * Where the two differ on purpose is said here, one by one.
 */
import { assert, assertEquals } from "@std/assert";
import { runTrigger, sample, type SeenSpan, STARTED_NS } from "../ingest/ddtrace/triggers/trigger_run.ts";
import { scenario } from "../support/scenario.ts";
import { missingTool, run } from "./language.ts";
import { PYTHON } from "./python_language.ts";
import { parseObject } from "./scenario.ts";

const SAMPLES = new URL("../ingest/ddtrace/triggers/", import.meta.url).pathname;

/** What is compared of a span. */
interface Compared {
  readonly operation: string;
  readonly service: string;
  readonly resource: string;
  readonly startMs: number;
}

/** What the library says of an event. */
interface Told {
  readonly source: string;
  readonly traceId: string;
  readonly parentId: string;
  readonly spans: readonly Compared[];
}

/** Sources that the library has another name for, or none. */
const OTHER_SOURCES: ReadonlyMap<string, string> = new Map([["msk", "unknown"], ["", "unknown"]]);
/** DataKit's and Datadog's extension's names where the library has its own. */
const OTHER_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["aws.httpapi", "aws.apigateway.http"],
  ["aws.apigateway.websocket", "aws.apigateway"],
]);
/** The extension's resources have ids by name instead of API Gateway's templates, and the change of a table. */
const OTHER_RESOURCES: ReadonlyMap<string, string> = new Map([
  ["GET /shops/{shop}/orders/{order}", "GET /shops/{shop_id}/orders/{order_id}"],
  ["POST /users/{id}/orders", "POST /prod/users/{user_id}/orders"],
  ["GET /orders/17", "GET /orders/{order_id}"],
  ["orders", "INSERT orders"],
]);
/** Events of which the library makes less: it knows no Kafka, no B3 unless told to, and headers before others. */
const MORE_THAN_LIBRARY: ReadonlyMap<string, string> = new Map([
  ["msk", "Kafka"],
  ["function_url", "B3"],
  ["api_gateway_rest", "headers of several values"],
  ["sns_event_bridge", "an event in a notification"],
]);
/** A float's error in the library's times. */
const ROUNDING_MS = 1;

scenario("spans of triggers are those that Datadog's library for Python makes", async (t) => {
  const missing = await missingTool(PYTHON.needs);
  if (missing !== undefined) return say(`PYTHON IS NOT VERIFIED HERE: no ${missing}\n`);
  const { command } = await PYTHON.install();
  const { program, args } = command("inferred_spans.py", [SAMPLES], {});
  const output = await run(program, args, {
    env: {
      AWS_REGION: "eu-west-1",
      AWS_LAMBDA_FUNCTION_NAME: "fn",
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
      DD_TRACE_ENABLED: "true",
    },
  });
  const lines = output.split("\n").filter((line) => line.startsWith("{")).map(parseObject);
  assert(lines.length >= 16, output);
  for (const line of lines) {
    const name = String(line["name"]);
    await t.step(name, () => compare(name, toldOf(line)));
  }
});

async function compare(name: string, told: Told): Promise<void> {
  const { spans } = await runTrigger(await sample(name));
  const invocation = spans.at(-1);
  assert(invocation !== undefined);
  const source = invocation.tags["function_trigger_event_source"] ?? "";
  assertEquals(OTHER_SOURCES.get(source) ?? source, told.source);
  if (MORE_THAN_LIBRARY.has(name)) assertEquals([told.traceId, told.parentId], ["0", "0"]);
  else if (told.traceId !== "0") {
    assertEquals(invocation.traceId, told.traceId);
    assertEquals(spans[0]?.parent, `upstream ${told.parentId}`);
  }
  const ours = spans.slice(0, -1).slice(-told.spans.length);
  if (told.spans.length > 0) told.spans.forEach((span, i) => compareSpan(ours[i], span, name));
}

function compareSpan(ours: SeenSpan | undefined, told: Compared, name: string): void {
  assert(ours !== undefined, `no ${told.operation}`);
  assertEquals(ours.operation, OTHER_OPERATIONS.get(told.operation) ?? told.operation);
  assertEquals(ours.service, told.service);
  const isOwnWord = ours.resource === "shop-bus" && told.resource === "shop.orders";
  const isTable = told.operation !== "aws.dynamodb" && told.resource === "orders";
  if (!isOwnWord) {
    assertEquals(
      ours.resource,
      isTable ? told.resource : OTHER_RESOURCES.get(told.resource) ?? told.resource,
    );
  }
  // Of the load balancer's there is no time; EventBridge's is in whole seconds, unless the producer tells more.
  if (name === "application_load_balancer" || isOwnWord) return;
  assert(Math.abs(ours.startMs - told.startMs) <= ROUNDING_MS, `${ours.startMs} and ${told.startMs}`);
}

function toldOf(line: Record<string, unknown>): Told {
  const upstream = parseObject(JSON.stringify(line["upstream"]));
  const low = BigInt(String(upstream["traceIdLow"]));
  const high = String(upstream["traceIdHigh"]);
  const isWhole = high !== "" && !/^0+$/.test(high);
  const spans = Array.isArray(line["spans"]) ? line["spans"] : [];
  return {
    source: String(line["source"]),
    traceId: isWhole ? high + low.toString(16).padStart(16, "0") : low.toString(),
    parentId: String(upstream["parentId"]),
    spans: spans.map((span) => parseObject(JSON.stringify(span))).map((span) => ({
      operation: String(span["operation"]),
      service: String(span["service"]),
      resource: String(span["resource"]),
      startMs: Number(span["start"]) - Number(STARTED_NS / 1_000_000n),
    })),
  };
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
