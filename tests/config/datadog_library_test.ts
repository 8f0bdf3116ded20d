import { assertEquals } from "@std/assert";
import { hasDatadogLibrary } from "../../src/config/datadog_library.ts";

for (
  const [env, expected] of [
    [{}, false],
    [{ AWS_LAMBDA_FUNCTION_NAME: "datadog-forwarder", ENV_DATAWAY: "https://dd", ADD_ITEMS: "1" }, false],
    [{ DD_SERVICE: "shop" }, true],
    [{ AWS_LAMBDA_EXEC_WRAPPER: "/opt/datadog_wrapper" }, true],
    [{ AWS_LAMBDA_EXEC_WRAPPER: "/opt/otel-handler" }, false],
    [{ JAVA_TOOL_OPTIONS: "-javaagent:/opt/java/lib/dd-java-agent.jar" }, true],
    [{ JAVA_TOOL_OPTIONS: "-Xmx256m" }, false],
    [{ CORECLR_PROFILER_PATH: "/opt/datadog/Datadog.Trace.ClrProfiler.Native.so" }, true],
    [{ NODE_OPTIONS: "--require dd-trace/init" }, true],
  ] as const
) {
  Deno.test(`hasDatadogLibrary() says ${expected} for ${JSON.stringify(env)}`, () => {
    assertEquals(hasDatadogLibrary(env), expected);
  });
}
