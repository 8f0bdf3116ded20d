/**
 * The Telemetry API's endpoint. Always answers 200, as anything else makes the platform hold the batch back and
 * send it again: what could not be used is counted instead.
 * @see `spec/lambda.md` 2
 */
import { Hono } from "@hono/hono";
import { describeError } from "@std/log";
import type { AwsLambdaConfig } from "../config/awslambda.ts";
import type { FinishedInvocation, Intake, Receiver, ReceiverContext } from "../pipeline/receiver.ts";
import { createPoint } from "../point/create_point.ts";
import type { Point, PointDraft } from "../point/point.ts";
import { createInvocations, type Invocations, type Verdict } from "./invocations.ts";
import { logEventToDraft } from "./log_points.ts";
import type { Resource } from "./resource.ts";
import { TELEMETRY_PATH } from "./telemetry_api.ts";
import { parseTelemetryBody } from "./telemetry_body.ts";
import { decodeTelemetryEvents, type TelemetryEvent } from "./telemetry_event.ts";
import { telemetryEventToDrafts, verdictToDrafts } from "./telemetry_points.ts";

export interface TelemetryReceiverOptions extends Omit<ReceiverContext, "limits" | "instanceId"> {
  readonly config: Pick<AwsLambdaConfig, "schema" | "logs" | "metrics" | "countHandledErrors" | "useNowTime">;
  readonly managedInstance: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType?: string | undefined;
  /** Learns from init events and INVOKEs. */
  readonly resource: Pick<Resource, "observe" | "invoked">;
  /** Told of each request once, at its first verdict. */
  readonly onDone?: (invocation: FinishedInvocation) => void;
  /** Told when this memory woke up from a snapshot: whatever is particular to a sandbox must be made anew. */
  readonly onRestore?: () => void;
}

/** The receiver, and the invocations it keeps, whose verdicts become points also without a telemetry event. */
export interface TelemetryReceiver extends Receiver {
  readonly invocations: Invocations;
}

/** Two full buffers and their envelope are under 1 MiB; beyond this a body is not the platform's. In bytes. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Batches remembered to tell a repeated one: the platform has one in flight, and sends that again. */
const REMEMBERED_BATCHES = 8;

/** The endpoint and its state. */
export function createTelemetryReceiver(options: TelemetryReceiverOptions): TelemetryReceiver {
  const { config, consume, refuse, log, managedInstance } = options;
  const nowNs = (): bigint => BigInt(Math.floor(options.now())) * 1_000_000n;
  const metricOptions = { schema: config.schema, managedInstance };
  const batches: string[] = [];
  /** Verdicts of the event in hand; `undefined` between events, when a verdict makes its points itself. */
  let verdicts: Verdict[] | undefined;

  const invocations = createInvocations({
    managedInstance,
    initializationType: options.initializationType,
    countHandledErrors: config.countHandledErrors,
    now: options.now,
    ...(options.onDone === undefined ? {} : { onDone: options.onDone }),
    onVerdict: (verdict): void => {
      if (verdicts !== undefined) verdicts.push(verdict);
      else if (config.metrics) {
        consume(toPoints(verdictToDrafts(verdict, metricOptions, stamp(verdict.timeNs)), refuse));
      }
    },
  });

  function stamp(timeNs: bigint | undefined): bigint {
    return config.useNowTime || timeNs === undefined ? nowNs() : timeNs;
  }

  function eventToDrafts(event: TelemetryEvent): readonly PointDraft[] {
    options.resource.observe(event);
    if (event.type === "platform.restoreStart") options.onRestore?.();
    const timeNs = stamp(event.timeNs);
    verdicts = [];
    const observation = invocations.observe(event);
    const drafts: PointDraft[] = [];
    if ((event.type === "function" || event.type === "extension") && config.logs) {
      drafts.push(logEventToDraft(event, observation.requestId, config, timeNs));
    }
    if (event.type === "unknown") refuse("unsupported");
    if (!config.metrics) return drafts;
    const own = verdicts.find((verdict) => verdict.requestId === observation.requestId);
    drafts.push(...telemetryEventToDrafts(event, observation, own, metricOptions, timeNs));
    for (const verdict of verdicts) {
      if (verdict !== own) drafts.push(...verdictToDrafts(verdict, metricOptions, stamp(verdict.timeNs)));
    }
    return drafts;
  }

  function takeBatch(text: string, batchId: string | undefined): void {
    const body = parseTelemetryBody(text);
    if (batchId !== undefined && batches.includes(batchId)) {
      refuse("duplicate", body.elements.length);
      return;
    }
    const { events, bad } = decodeTelemetryEvents(body.elements);
    let lost = body.bad + bad;
    const points: Point[] = [];
    for (const event of events) {
      try {
        points.push(...toPoints(eventToDrafts(event), refuse));
      } catch (error) {
        lost++;
        log.error("A telemetry event could not be used", { type: event.type, error: describeError(error) });
      } finally {
        verdicts = undefined;
      }
    }
    if (points.length > 0) consume(points);
    if (lost > 0) refuse("malformed", lost);
    if (batchId === undefined) return;
    batches.push(batchId);
    if (batches.length > REMEMBERED_BATCHES) batches.shift();
  }

  const app = new Hono();
  // Managed instances post to `/`, whatever path was subscribed.
  app.on("POST", [TELEMETRY_PATH, "/"], async (c) => {
    const text = await readText(c.req.raw);
    if (text === undefined) refuse("too_large");
    else takeBatch(text, c.req.header("sequence-id") || undefined);
    return c.body(null, 200);
  });
  app.onError((error, c) => {
    // A body that broke off: the platform will send it again.
    refuse("malformed");
    log.warn("A telemetry batch could not be read", { error: describeError(error) });
    return c.body(null, 200);
  });

  const invoked: Invocations["invoked"] = (event) => {
    options.resource.invoked(event);
    invocations.invoked(event);
  };
  return { name: "awslambda", app, invocations: { ...invocations, invoked } };
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
