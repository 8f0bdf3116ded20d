/** What Lambda hands to the function, and so to extensions: names of Datadog's own, and what puts tracers into a runtime. */
import type { Environment } from "./reader.ts";

const OWN_NAME = /^DD_/;
const INJECTING = ["AWS_LAMBDA_EXEC_WRAPPER", "JAVA_TOOL_OPTIONS", "CORECLR_PROFILER_PATH", "NODE_OPTIONS"];
const INJECTED = /dd-(?:java-agent|trace)|datadog/i;

/** Whether the function seems to have a library of Datadog's. */
export function hasDatadogLibrary(env: Environment): boolean {
  return INJECTING.some((name) => INJECTED.test(env[name] ?? "")) ||
    Object.keys(env).some((name) => OWN_NAME.test(name));
}
