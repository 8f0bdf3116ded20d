import type { FinishedInvocation } from "../../pipeline/receiver.ts";
import type { InvocationReport } from "./invocation_report.ts";
import type { HttpForm } from "./triggers/trigger.ts";

/** What API Gateway, a load balancer and Lambda itself answer where the function fails to. */
const BAD_GATEWAY = 502;

/**
 * The status that the client was answered with: the one in the handler's result, or what the function's caller
 * makes of a result without one. `undefined` where nobody waits, or nothing is known.
 */
export function httpStatusOf(
  report: InvocationReport | undefined,
  invocation: FinishedInvocation | undefined,
  form: HttpForm | undefined,
): number | undefined {
  const answer = report?.answer ?? "unknown";
  if (typeof answer === "number") return answer;
  if (form === undefined) return undefined;
  const isFailed = report?.error !== undefined || (invocation?.status ?? "success") !== "success";
  if (isFailed || answer === "bad") return BAD_GATEWAY;
  if (answer === "missing") return form === "simple" ? 200 : BAD_GATEWAY;
  return undefined;
}
