/** The platform's spans as Guance's points: category tracing, measurement `awslambda`, times in µs. */
import type { Intake } from "../../pipeline/receiver.ts";
import type { Constant } from "../../point/point_kind.ts";
import type { Key } from "../../point/point_keys.ts";
import type { InvocationFacts, Operation, PlatformSpan, SpanError, SpanIdentity } from "./platform_span.ts";

const NO_PARENT = "0";

/** What writes the point of one span of this sandbox. All that spans share is encoded here, once. */
export function createSpanPoints(
  { begin, writer }: Pick<Intake, "begin" | "writer">,
  identity: SpanIdentity,
): (span: PlatformSpan) => void {
  const key = (name: string): Key => writer.key("tracing", name);
  const tag = (name: string, value: string): Constant | undefined =>
    writer.constantTag("tracing", name, value);
  const kind = writer.kind("tracing", "awslambda");
  const operations = new Map<Operation, Constant | undefined>();
  const SERVICE = tag("service", identity.service);
  const SOURCE = tag("source", "awslambda");
  const SOURCE_TYPE = tag("source_type", "custom");
  const ENTRY = tag("span_type", "entry");
  const LOCAL = tag("span_type", "local");
  const OK = tag("status", "ok");
  const ERROR = tag("status", "error");
  const COLD = tag("faas_coldstart", "true");
  const WARM = tag("faas_coldstart", "false");
  const TRACE_ID = key("trace_id");
  const SPAN_ID = key("span_id");
  const PARENT_ID = key("parent_id");
  const RESOURCE = key("resource");
  const START = key("start");
  const DURATION = key("duration");
  const MESSAGE = key("message");
  const REQUEST_ID = key("aws_request_id");
  const DURABLE_NAME = key("durable_execution_name");
  const DURABLE_ID = key("durable_execution_id");
  const ERROR_TYPE = key("error_type");
  const ERROR_MESSAGE = key("error_message");
  const ERROR_STACK = key("error_stack");

  function operationTag(operation: Operation): Constant | undefined {
    const found = operations.get(operation);
    if (found !== undefined) return found;
    const made = tag("operation", operation);
    operations.set(operation, made);
    return made;
  }

  function writeWhole(of: Key, value: number): void {
    if (Number.isSafeInteger(value)) writer.integer(of, value);
    else writer.field(of, BigInt(value));
  }

  function writeInvocation({ requestId, coldStart, durable }: InvocationFacts): void {
    writer.constant(coldStart ? COLD : WARM);
    writer.text(REQUEST_ID, requestId);
    if (durable === undefined) return;
    writer.text(DURABLE_NAME, durable.name);
    writer.text(DURABLE_ID, durable.id);
  }

  function writeError({ type, message, stack }: SpanError): void {
    if (type !== undefined) writer.text(ERROR_TYPE, type);
    if (message !== undefined) writer.text(ERROR_MESSAGE, message);
    if (stack !== undefined) writer.text(ERROR_STACK, stack);
  }

  return (span) => {
    const { startNs, durationMs, error, invocation, meta } = span;
    begin(kind);
    writer.constant(SERVICE);
    writer.constant(operationTag(span.operation));
    writer.constant(SOURCE);
    writer.constant(span.parentId === NO_PARENT ? ENTRY : LOCAL);
    writer.constant(SOURCE_TYPE);
    writer.constant(error === undefined ? OK : ERROR);
    writer.text(TRACE_ID, span.traceId);
    writer.text(SPAN_ID, span.spanId);
    writer.text(PARENT_ID, span.parentId);
    writer.text(RESOURCE, identity.resource);
    writeWhole(START, Number(startNs / 1000n));
    writeWhole(DURATION, Math.round(durationMs * 1000));
    writer.text(MESSAGE, JSON.stringify({ meta, metrics: { duration_ms: durationMs } }));
    if (invocation !== undefined) writeInvocation(invocation);
    if (error !== undefined) writeError(error);
    writer.endAt(startNs);
  };
}
