/**
 * The platform's spans as OpenTelemetry's.
 * @see https://opentelemetry.io/docs/specs/semconv/faas/aws-lambda/
 */
import type { PlatformSpan } from "../lambda/trace/platform_span.ts";
import type { MemberMask } from "../log_rules/rules.ts";
import type { ProtobufWriter } from "../point/protobuf_writer.ts";
import { type AttributeValue, idBytes, putAttribute, putFixed64, putMessage, putString } from "./proto.ts";

/** `ScopeSpans.spans`. */
const SPANS = 0x12;
const SPAN = {
  traceId: 0x0a,
  spanId: 0x12,
  parentId: 0x22,
  name: 0x2a,
  kind: 0x30,
  start: 0x39,
  end: 0x41,
  attributes: 0x4a,
  events: 0x5a,
  status: 0x7a,
} as const;
const EVENT = { time: 0x09, name: 0x12, attributes: 0x1a } as const;
const STATUS = { message: 0x12, code: 0x18 } as const;
const INTERNAL = 1;
const SERVER = 2;
const ERROR = 2;
const NO_PARENT = "0";
const ROOT = "aws.lambda";
const NS_PER_MS = 1e6;

/** The span with its texts masked as the user's rules want it. */
export function maskSpan(span: PlatformSpan, mask: MemberMask): PlatformSpan {
  const { error, meta } = span;
  const masked = (text: string | undefined, key: string): string | undefined =>
    text === undefined ? undefined : mask(text, key);
  return {
    ...span,
    meta: Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, mask(value, key)])),
    error: error === undefined ? undefined : {
      type: masked(error.type, "error_type"),
      message: masked(error.message, "error_message"),
      stack: masked(error.stack, "error_stack"),
    },
  };
}

/** Writes a span; `false`: its ids are not OpenTelemetry's. `functionName`: what the invocation's span is called. */
export function putSpan(writer: ProtobufWriter, span: PlatformSpan, functionName: string): boolean {
  const traceId = idBytes(span.traceId, 16);
  const spanId = idBytes(span.spanId, 8);
  const parentId = span.parentId === NO_PARENT ? undefined : idBytes(span.parentId, 8);
  if (traceId === undefined || spanId === undefined) return false;
  const { error, operation, startNs, durationMs } = span;
  const isRoot = operation === ROOT;
  const endNs = startNs + BigInt(Math.round(durationMs * NS_PER_MS));
  putMessage(writer, SPANS, 512, () => {
    writer.tag(SPAN.traceId);
    writer.bytes(traceId);
    writer.tag(SPAN.spanId);
    writer.bytes(spanId);
    if (parentId !== undefined) {
      writer.tag(SPAN.parentId);
      writer.bytes(parentId);
    }
    putString(writer, SPAN.name, isRoot ? functionName : operation);
    writer.tag(SPAN.kind);
    writer.varint(isRoot ? SERVER : INTERNAL);
    putFixed64(writer, SPAN.start, startNs);
    putFixed64(writer, SPAN.end, endNs);
    for (const [key, value] of Object.entries(span.meta)) {
      putAttribute(writer, SPAN.attributes, key, typed(value));
    }
    if (error === undefined) return;
    if (error.type !== undefined) putAttribute(writer, SPAN.attributes, "error.type", error.type);
    if (error.stack !== undefined) putException(writer, error.stack, span, endNs);
    putMessage(writer, SPAN.status, 64, () => {
      if (error.message !== undefined) putString(writer, STATUS.message, error.message);
      writer.tag(STATUS.code);
      writer.varint(ERROR);
    });
  });
  return true;
}

function putException(writer: ProtobufWriter, stack: string, { error }: PlatformSpan, timeNs: bigint): void {
  const attributes: [string, string | undefined][] = [
    ["exception.type", error?.type],
    ["exception.message", error?.message],
    ["exception.stacktrace", stack],
  ];
  putMessage(writer, SPAN.events, 1024, () => {
    putFixed64(writer, EVENT.time, timeNs);
    putString(writer, EVENT.name, "exception");
    for (const [key, value] of attributes) {
      if (value !== undefined) putAttribute(writer, EVENT.attributes, key, value);
    }
  });
}

/** What is text in points only. */
function typed(value: string): AttributeValue {
  return value === "true" ? true : value === "false" ? false : value;
}
