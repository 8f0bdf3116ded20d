/** A state of Step Functions: it is a span of the state machine's own trace, so none is inferred. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { stateOf } from "../step_functions_context.ts";
import { tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
export function readStepFunctions(event: JsonObject): Trigger | undefined {
  const state = stateOf(event);
  if (state === undefined) return undefined;
  return {
    source: "states",
    sourceArn: state.stateMachineArn,
    kind: "other",
    tags: tagsOf({ "states.execution_arn": state.executionId, "states.state_name": state.stateName }),
    records: 0,
    spans: [],
  };
}
