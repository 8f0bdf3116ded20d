/** The platform's trace as the telemetry receiver has it: with its spans written, and told what logs say. */
import type { Steps } from "../../bounded_pattern.ts";
import type { AwsLambdaConfig } from "../../config/awslambda.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { createTraceRatio } from "../../pipeline/trace_ratio.ts";
import type { AssembledLog } from "../lines/assembler.ts";
import type { LogPointOptions } from "../log_points.ts";
import type { PlatformTap } from "../platform_tap.ts";
import { tellTrace } from "./log_facts.ts";
import type { PlatformSpan, SpanIdentity } from "./platform_span.ts";
import { createPlatformTrace, type PlatformTrace } from "./platform_trace.ts";
import { createSpanPoints } from "./span_points.ts";

export interface ReceiverTraceOptions
  extends Pick<ReceiverContext, "begin" | "writer" | "refuse" | "instanceId"> {
  readonly config: Pick<AwsLambdaConfig, "trace" | "traceShare">;
  readonly managedInstance: boolean;
  /** Whose spans these are. */
  readonly identity: SpanIdentity;
  readonly tap?: Pick<PlatformTap, "span"> | undefined;
}

export interface ReceiverTrace extends PlatformTrace {
  /** See {@link tellTrace}. */
  tell(log: AssembledLog, logs: Pick<LogPointOptions, "rules" | "isCold">): Steps<void>;
}

/** `undefined` where the settings want none. */
export function createReceiverTrace(
  { config, begin, writer, refuse, identity, instanceId, managedInstance, tap }: ReceiverTraceOptions,
): ReceiverTrace | undefined {
  if (config.trace === "off") return undefined;
  const isKept = createTraceRatio(config.traceShare);
  /** Made with the first span: no cold start waits for it. */
  let writePoint: ((span: PlatformSpan) => void) | undefined;
  const trace = createPlatformTrace({
    mode: config.trace,
    instanceId,
    managedInstance,
    keep: config.traceShare >= 1 ? () => true : (traceId) => isKept(lowBitsOf(traceId)),
    write: (span) => {
      tap?.span(span);
      writePoint ??= createSpanPoints({ begin, writer }, identity);
      writePoint(span);
    },
    sampledOut: () => refuse("sampled_out"),
  });
  return { ...trace, tell: (log, logs) => tellTrace(trace, log, logs) };
}

/** Of an id in hexadecimal or decimal digits. */
function lowBitsOf(traceId: string): bigint {
  if (/^[0-9a-f]{16,32}$/i.test(traceId)) return BigInt(`0x${traceId.slice(-16)}`);
  return /^\d+$/.test(traceId) ? BigInt(traceId) : 0n;
}
