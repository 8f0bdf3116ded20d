/**
 * The trace of a Step Functions execution: nobody hands one on from state to state, so it is made of the names that
 * every state knows of the execution and of itself. The same names give the same ids in every language.
 */
import type { JsonObject } from "../../json/exact_json.ts";
import { firstContext } from "./carriers.ts";
import { numberIn, objectIn, textIn } from "./event_values.ts";
import type { TraceContext } from "./trace_context.ts";

/** What a state machine puts into the input of a task. */
export interface StepFunctionsState {
  readonly executionId: string;
  readonly stateName: string;
  readonly enteredTime: string;
  readonly stateMachineArn: string | undefined;
  /** The object that holds all this, and perhaps the trace of what started the execution. */
  readonly context: JsonObject;
}

/** Finds the state: at the root, in `Payload` (where the task's service is `lambda:invoke`), or in `_datadog` of either. */
export function stateOf(event: JsonObject): StepFunctionsState | undefined {
  const payload = objectIn(event, "Payload");
  const places = [event, payload, objectIn(event, "_datadog"), objectIn(payload, "_datadog")];
  for (const context of places) {
    const execution = objectIn(context, "Execution");
    const state = objectIn(context, "State");
    const executionId = textIn(execution, "Id");
    const stateName = textIn(state, "Name");
    const enteredTime = textIn(state, "EnteredTime");
    if (context === undefined || executionId === undefined) continue;
    if (stateName === undefined || enteredTime === undefined) continue;
    const stateMachineArn = textIn(objectIn(context, "StateMachine"), "Id");
    return { executionId, stateName, enteredTime, stateMachineArn, context };
  }
  return undefined;
}

/** The context that the state gives the function. */
export async function contextOfState(state: StepFunctionsState): Promise<TraceContext> {
  const { context, executionId } = state;
  const parentId = positive(await sha256(parentName(state)), 0);
  const priority = 1;
  // What started the execution may have a trace of its own.
  const input = objectIn(objectIn(context, "Execution"), "Input");
  const begun = firstContext([context, objectIn(input, "_datadog")]);
  if (begun !== undefined) {
    const { traceId, traceIdHigh } = begun;
    return { traceId, traceIdHigh, parentId, priority, origin: "states" };
  }
  // An execution that another one started belongs to the first one's trace.
  const hash = await sha256(textIn(context, "RootExecutionId") ?? executionId);
  return {
    traceId: positive(hash, 8),
    traceIdHigh: positive(hash, 0),
    parentId,
    priority,
    origin: "states",
  };
}

/** Counts are part of it only where there are any: older layers did not know them. */
function parentName({ context, executionId, stateName, enteredTime }: StepFunctionsState): string {
  const retries = numberIn(objectIn(context, "State"), "RetryCount") ?? 0;
  const redrives = numberIn(objectIn(context, "Execution"), "RedriveCount") ?? 0;
  const counts = retries === 0 && redrives === 0 ? "" : `#${retries}#${redrives}`;
  return `${executionId}#${stateName}#${enteredTime}${counts}`;
}

/** The runtime's own: Node's would be loaded for it. */
async function sha256(text: string): Promise<DataView> {
  return new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** 63 bits of the hash, big-endian; never 0. */
function positive(hash: DataView, at: number): bigint {
  return BigInt.asUintN(63, hash.getBigUint64(at)) || 1n;
}
