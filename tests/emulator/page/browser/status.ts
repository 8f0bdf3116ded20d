/** The words of an invocation's status. */
import type { InvocationStatus } from "../state.ts";
import type { WordKey } from "./words.ts";

const KEYS: Readonly<Record<InvocationStatus, WordKey>> = {
  running: "statusRunning",
  ok: "statusOk",
  error: "statusError",
  timeout: "statusTimeout",
  crash: "statusCrash",
  oom: "statusOom",
};

/** Its key in the words. */
export function statusKey(status: InvocationStatus): WordKey {
  return KEYS[status];
}
