/**
 * The Telemetry API's endpoint. Always answers 200, as anything else makes the platform hold the batch back and
 * send it again: what could not be used is counted instead.
 * @see `spec/lambda.md` 2
 */
import { Hono } from "@hono/hono";
import { describeError } from "@std/log";
import type { AwsLambdaConfig } from "../config/awslambda.ts";
import type { FinishedInvocation, Intake, Receiver, ReceiverContext } from "../pipeline/receiver.ts";
import { isJsonObject } from "../json/exact_json.ts";
import { createPoint } from "../point/create_point.ts";
import type { Point, PointDraft } from "../point/point.ts";
import { createBatchMemory } from "./batch_memory.ts";
import { createInvocations } from "./invocations.ts";
import type { InvocationWatch } from "./lifecycle.ts";
import type { Outcome } from "./outcome.ts";
import { logEventToDraft } from "./log_points.ts";
import type { Resource } from "./resource.ts";
import { TELEMETRY_PATH } from "./telemetry_api.ts";
import { parseTelemetryBody } from "./telemetry_body.ts";
import { decodeTelemetryEvent, type TelemetryEvent } from "./telemetry_event.ts";
import { outcomeToDrafts, telemetryEventToDrafts } from "./telemetry_points.ts";

export interface TelemetryReceiverOptions extends Omit<ReceiverContext, "limits" | "instanceId"> {
  readonly config: Pick<AwsLambdaConfig, "schema" | "logs" | "metrics" | "countHandledErrors" | "useNowTime">;
  readonly managedInstance: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType?: string | undefined;
  /** Learns from init events and INVOKEs. */
  readonly resource: Pick<Resource, "observe" | "invoked">;
  /** Told of each invocation once, at its first outcome. */
  readonly onDone?: (invocation: FinishedInvocation) => void;
  /** Told when this memory woke up from a snapshot: whatever is particular to a sandbox must be made anew. */
  readonly onRestore?: () => void;
}

/** The receiver, and the invocations it keeps, whose outcomes become points also without a telemetry event. */
export interface TelemetryReceiver extends Receiver {
  readonly invocations: InvocationWatch;
}

/** Two full buffers and their envelope are under 1 MiB; beyond this a body is not the platform's. In bytes. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** The endpoint and its state. */
export function createTelemetryReceiver(options: TelemetryReceiverOptions): TelemetryReceiver {
  const { config, consume, refuse, log, managedInstance } = options;
  const nowNs = (): bigint => BigInt(Math.floor(options.now())) * 1_000_000n;
  const metricOptions = { schema: config.schema, managedInstance };
  const memory = createBatchMemory(options.now);
  const invocations = createInvocations({
    managedInstance,
    initializationType: options.initializationType,
    countHandledErrors: config.countHandledErrors,
    now: options.now,
  });
  let batches = 0;

  function stamp(timeNs: bigint | undefined): bigint {
    return config.useNowTime || timeNs === undefined ? nowNs() : timeNs;
  }

  function outcomesToDrafts(outcomes: readonly Outcome[]): PointDraft[] {
    for (const { finished } of outcomes) if (finished !== undefined) options.onDone?.(finished);
    if (!config.metrics) return [];
    return outcomes.flatMap((outcome) => outcomeToDrafts(outcome, metricOptions, stamp(outcome.timeNs)));
  }

  function eventToDrafts(event: TelemetryEvent): readonly PointDraft[] {
    options.resource.observe(event);
    if (event.type === "platform.restoreStart") options.onRestore?.();
    const timeNs = stamp(event.timeNs);
    const observation = invocations.observe(event);
    const { outcome, others } = observation;
    const drafts: PointDraft[] = [];
    if ((event.type === "function" || event.type === "extension") && config.logs) {
      drafts.push(logEventToDraft(event, observation.requestId, config, timeNs));
    }
    if (event.type === "unknown") refuse("unsupported");
    if (outcome?.finished !== undefined) options.onDone?.(outcome.finished);
    if (config.metrics) drafts.push(...telemetryEventToDrafts(event, observation, metricOptions, timeNs));
    drafts.push(...outcomesToDrafts(others));
    return drafts;
  }

  /** Takes one element; how many data were lost with it. */
  function takeElement(element: unknown, points: Point[]): 0 | 1 {
    try {
      const event = decodeTelemetryEvent(element);
      if (event !== undefined) {
        for (const point of toPoints(eventToDrafts(event), refuse)) points.push(point);
        return 0;
      }
    } catch (error) {
      log.error("A telemetry event could not be used", { error: describeError(error) });
    }
    if (!isLine(element)) invocations.releaseWaits();
    return 1;
  }

  function takeBatch(text: string, sequenceId: string | undefined): void {
    const { elements, bad } = parseTelemetryBody(text);
    if (memory.isRepeated(text, sequenceId)) {
      refuse("duplicate", elements.length);
      return;
    }
    let lost = bad;
    const points: Point[] = [];
    for (const element of elements) lost += takeElement(element, points);
    if (points.length > 0) consume(points);
    if (lost > 0) refuse("malformed", lost);
    // Whatever was lost may have been the end that somebody waits for.
    if (bad > 0) invocations.releaseWaits();
  }

  const app = new Hono();
  // Managed instances post to `/`, whatever path was subscribed.
  app.on("POST", [TELEMETRY_PATH, "/"], async (c) => {
    batches++;
    const text = await readText(c.req.raw);
    if (text !== undefined) takeBatch(text, c.req.header("sequence-id") || undefined);
    else {
      refuse("too_large");
      invocations.releaseWaits();
    }
    return c.body(null, 200);
  });
  app.onError((error, c) => {
    // A body that broke off: the platform will send it again.
    refuse("malformed");
    log.warn("A telemetry batch could not be read", { error: describeError(error) });
    invocations.releaseWaits();
    return c.body(null, 200);
  });

  return {
    name: "awslambda",
    app,
    invocations: {
      invoked: (event) => {
        options.resource.invoked(event);
        const { open, outcomes } = invocations.invoked(event);
        hand(outcomesToDrafts(outcomes));
        return open;
      },
      lastReported: invocations.lastReported,
      shutdown: (reason) => hand(outcomesToDrafts(invocations.shutdown(reason))),
      get batches() {
        return batches;
      },
    },
  };

  function hand(drafts: readonly PointDraft[]): void {
    const points = toPoints(drafts, refuse);
    if (points.length > 0) consume(points);
  }
}

/** Whether an element is, or was meant to be, a line: no invocation ends with one. */
function isLine(element: unknown): boolean {
  return isJsonObject(element) && (element["type"] === "function" || element["type"] === "extension");
}

function toPoints(drafts: readonly PointDraft[], refuse: Intake["refuse"]): Point[] {
  const points: Point[] = [];
  for (const draft of drafts) {
    let isTrimmed = false;
    const point = createPoint(draft, () => void (isTrimmed = true));
    if (point === undefined) continue;
    if (isTrimmed) refuse("trimmed");
    points.push(point);
  }
  return points;
}

/** The body's text; `undefined` when it is larger than any of the platform's. */
async function readText(request: Request): Promise<string | undefined> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= MAX_BODY_BYTES) return await request.text();
  if (request.body === null) return "";
  if (Number(length) > MAX_BODY_BYTES) {
    await request.body.cancel();
    return undefined;
  }
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for await (const chunk of request.body) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
