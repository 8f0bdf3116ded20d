/**
 * The platform's trace beside a real tracer: the tracer's span is the only root of the request, and what it cannot see
 * is in its trace. Programs are named `otel_lambda` in each language.
 */
import { assert, assertEquals } from "@std/assert";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { ClientCase } from "./language.ts";
import type { ClientRun } from "./run_client.ts";
import { checkAccount, pick, pointsOf } from "./scenario.ts";

/** A tracer that names the request on the span of its invocation. */
export interface TracerClient {
  readonly client: string;
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly setup: string;
}

/** Switches the platform's trace on. */
export const TRACE_ENV = { ENV_AWSLAMBDA_TRACE: "auto" };

/** One invocation of OpenTelemetry's: a span of the request, and one below it. */
export function platformTraceCase({ client, program, env, setup }: TracerClient): ClientCase {
  return {
    client,
    program,
    protocol: "OTLP http/protobuf, beside the platform's trace",
    env: { OTEL_SERVICE_NAME: "shop", ...env },
    extension: TRACE_ENV,
    setup,
    verified: "its span is the request's only root, and the cold start is in its trace",
    check: (run) => {
      const spans = pointsOf(run, "tracing", "opentelemetry");
      const work = spans.find(({ fields }) => fields.get("resource") === "work");
      const root = spans.find(({ fields }) => fields.get("span_id") === work?.fields.get("parent_id"));
      assert(root !== undefined && spans.length === 2, `${spans.length} spans`);
      assertEquals(root.fields.get("parent_id"), "0");
      checkPlatformSpans(run, root);
      checkAccount(run, "otlp", spans.length);
    },
  };
}

/** The cold start is where the tracer's span of the request is, and that has no other beside it. */
export function checkPlatformSpans(run: ClientRun, root: ReceivedPoint): void {
  const own = pointsOf(run, "tracing", "awslambda");
  const named = (operation: string): ReceivedPoint[] =>
    own.filter(({ tags }) => tags.get("operation") === operation);
  assertEquals(named("aws.lambda"), []);
  const [start, ...others] = named("aws.lambda.cold_start");
  assert(start !== undefined && others.length === 0);
  assertEquals(pick(start.fields, ["trace_id", "parent_id"]), pick(root.fields, ["trace_id", "parent_id"]));
  assertEquals(new Set(own.map(({ fields }) => fields.get("trace_id"))).size, 1);
}
