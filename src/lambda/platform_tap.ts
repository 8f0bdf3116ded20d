/** What else is told of the platform's data, besides its points: where they go in another form too. */
import type { MemberMask } from "../log_rules/rules.ts";
import type { AssembledLog } from "./lines/assembler.ts";
import type { Figure } from "./metric_fields.ts";
import type { PlatformSpan } from "./trace/platform_span.ts";

/** A log as it is kept: after the user's rules. */
export interface KeptLog {
  readonly log: AssembledLog;
  readonly message: string;
  /** In Guance's words. */
  readonly status: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Part of its like that a rule keeps; `undefined`: no rule samples it. */
  readonly share: number | undefined;
  /** Masks a text of a member as the user's rules want it. */
  readonly mask: MemberMask;
}

/** Told as the points are made. Never throws. */
export interface PlatformTap {
  /** The sandbox has begun, or woke up from a snapshot; `instanceId`: its name as the platform has it. */
  started(instanceId: string | undefined): void;
  /** Of one event or outcome, not rounded. */
  figures(figures: readonly Figure[]): void;
  span(span: PlatformSpan): void;
  /** `timeNs`: Unix time in nanoseconds. */
  log(log: KeptLog, timeNs: bigint): void;
}
