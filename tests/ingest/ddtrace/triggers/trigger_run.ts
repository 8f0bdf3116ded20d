/** An invocation by a sample event, as a library that leaves the invocation's span to the extension reports it. */
import { assertEquals } from "@std/assert";
import type { Environment } from "../../../../src/config/reader.ts";
import type { FinishedInvocation } from "../../../../src/pipeline/receiver.ts";
import type { Point } from "../../../../src/point/point.ts";
import { type Harness, harness, message, NOW_MS } from "../support.ts";

/** The invocation of every sample runs from 100 ms after {@link NOW_MS} for 50 ms. */
export const STARTED_NS = BigInt(NOW_MS + 100) * 1_000_000n;
const DURATION_MS = 50;

export interface TriggerRunOptions {
  readonly env?: Environment;
  readonly result?: string;
  readonly headers?: HeadersInit;
  readonly finished?: Partial<FinishedInvocation>;
}

/** What came of an invocation. */
export interface TriggerRun {
  /** Headers of the answer to its start that begin with `x-datadog-`. */
  readonly answer: Record<string, string>;
  /** Spans in the order of their writing, each with what it is about. */
  readonly spans: readonly SeenSpan[];
  readonly harness: Harness;
}

/** A span, with its ids as places among the others: `parent` is one of them, `upstream`, or 0. */
export interface SeenSpan {
  readonly operation: string;
  readonly service: string;
  readonly resource: string;
  readonly sourceType: string;
  readonly status: string;
  readonly traceId: string;
  readonly parent: string;
  /** From {@link STARTED_NS}, in ms. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Tags of the point that are not named here, and what the message has besides them. */
  readonly tags: Record<string, string>;
  readonly meta: Record<string, unknown>;
  readonly metrics: Record<string, unknown>;
}

const OWN_TAGS = [
  "operation",
  "service",
  "source_type",
  "status",
  "source",
  "remote_ip",
  "span_type",
  "span_kind",
];

/** The sample event of a name. */
export async function sample(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`./${name}.json`, import.meta.url));
}

/** Runs an invocation by an event. */
export async function runTrigger(event: string, options: TriggerRunOptions = {}): Promise<TriggerRun> {
  const made = harness({ AWS_REGION: "eu-west-1", DD_SERVICE: "shop", ...options.env });
  const id = { "lambda-runtime-aws-request-id": "r1" };
  const start = await made.call("/lambda/start-invocation", event, id);
  await start.body?.cancel();
  const answer = Object.fromEntries([...start.headers].filter(([name]) => name.startsWith("x-datadog-")));
  await made.call("/lambda/end-invocation", options.result ?? '{"statusCode":200}', {
    ...id,
    "x-datadog-trace-id": answer["x-datadog-trace-id"] ?? "77",
    "x-datadog-span-id": "88",
    "x-datadog-sampling-priority": answer["x-datadog-sampling-priority"] ?? "1",
    ...options.headers,
  });
  made.traces.invocationDone?.({
    requestId: "r1",
    startNs: STARTED_NS,
    durationMs: DURATION_MS,
    status: "success",
    coldStart: false,
    ...options.finished,
  });
  return { answer, spans: seen(made.points), harness: made };
}

/** The answer but for the parent, which is the span in front of the invocation's wherever there is a trace to go on. */
export function answerOf({ answer, harness }: TriggerRun): Record<string, string> {
  const { "x-datadog-parent-id": parentId, ...others } = answer;
  const invocation = harness.points.at(-1);
  assertEquals(invocation?.tags.get("operation"), "aws.lambda");
  if (answer["x-datadog-trace-id"] === undefined) assertEquals(parentId, undefined);
  else assertEquals(parentId, invocation?.fields.get("parent_id"));
  return others;
}

/** The spans of points. */
export function seen(points: readonly Point[]): readonly SeenSpan[] {
  const names = new Map(
    points.map(({ tags, fields }) => [fields.get("span_id"), tags.get("operation") ?? ""]),
  );
  return points.map((point) => {
    const { tags, fields } = point;
    const parentId = String(fields.get("parent_id"));
    const { meta = {}, metrics = {} } = Object(message(point));
    return {
      operation: tags.get("operation") ?? "",
      service: tags.get("service") ?? "",
      resource: String(fields.get("resource")),
      sourceType: tags.get("source_type") ?? "",
      status: tags.get("status") ?? "",
      traceId: String(fields.get("trace_id")),
      parent: parentId === "0" ? "0" : names.get(parentId) ?? `upstream ${parentId}`,
      startMs: Number(fields.get("start")) / 1000 - Number(STARTED_NS / 1_000_000n),
      durationMs: Number(fields.get("duration")) / 1000,
      tags: sorted([...tags].filter(([name]) => !OWN_TAGS.includes(name))),
      meta: sorted(Object.entries(meta)),
      metrics: sorted(Object.entries(metrics)),
    };
  });
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1));
}
