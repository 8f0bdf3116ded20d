import { assertEquals, assertStrictEquals } from "@std/assert";
import { createResource, type Resource } from "../../src/lambda/resource.ts";
import { NO_SPANS, type StartupEvent } from "../../src/lambda/telemetry_event.ts";

const ENV = {
  AWS_LAMBDA_FUNCTION_NAME: "checkout",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_REGION: "eu-west-1",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
  AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
};

function open(options: Partial<Parameters<typeof createResource>[0]> = {}): Resource {
  return createResource({
    env: ENV,
    hostname: "h0",
    globalTags: new Map(),
    schema: "documented",
    ...options,
  });
}

function startup(more: Partial<StartupEvent>): StartupEvent {
  return {
    type: "platform.initStart",
    timeNs: 1n,
    initializationType: undefined,
    phase: undefined,
    runtimeVersion: undefined,
    runtimeVersionArn: undefined,
    ...more,
  };
}

Deno.test("resource.tags() begins with what the environment tells", () => {
  assertEquals(Object.fromEntries(open().tags()), {
    host: "h0",
    aws_lambda_function_name: "checkout",
    aws_lambda_function_version: "$LATEST",
    aws_region: "eu-west-1",
    aws_lambda_function_memory_size: "128",
    aws_lambda_initialization_type: "on-demand",
  });
  assertEquals(Object.fromEntries(open({ env: { AWS_REGION: "" }, hostname: "" }).tags()), {});
});

Deno.test("resource.tags() leaves $LATEST out as DataKit does, but not a number", () => {
  assertEquals(open({ schema: "datakit" }).tags().has("aws_lambda_function_version"), false);
  const published = open({ schema: "datakit", env: { ...ENV, AWS_LAMBDA_FUNCTION_VERSION: "7" } });
  assertEquals(published.tags().get("aws_lambda_function_version"), "7");
});

Deno.test("resource.tags() lets a user name the host but nothing of AWS's", () => {
  const globalTags = new Map([["team", "core"], ["host", "mine"], ["aws_region", "x"], [
    "node",
    "__datakit_hostname",
  ]]);
  const tags = open({ globalTags }).tags();
  assertEquals(["team", "host", "aws_region", "node"].map((key) => tags.get(key)), [
    "core",
    "mine",
    "eu-west-1",
    "h0",
  ]);
});

Deno.test("resource.tags() is the same object until something new is learnt", () => {
  const resource = open();
  const first = resource.tags();
  resource.observe({ type: "platform.end", timeNs: 1n });
  resource.observe(startup({}));
  assertStrictEquals(resource.tags(), first);
  resource.observe(startup({ runtimeVersion: "nodejs:22.v51", runtimeVersionArn: "arn:x" }));
  const second = resource.tags();
  assertEquals(second.get("aws_runtime_version"), "nodejs:22.v51");
  assertEquals(second.get("aws_runtime_version_arn"), "arn:x");
  assertEquals(first.has("aws_runtime_version"), false);
  resource.observe(startup({ runtimeVersion: "nodejs:22.v51", runtimeVersionArn: "arn:x" }));
  assertStrictEquals(resource.tags(), second);
});

Deno.test("resource.tags() has the account of register, else of the function's ARN", () => {
  const invoke = {
    type: "invoke",
    requestId: "r1",
    deadlineAt: 0,
    invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout:live",
  } as const;
  const fromArn = open();
  fromArn.setAccountId(undefined);
  fromArn.invoked({ ...invoke, invokedFunctionArn: "nonsense" });
  assertEquals(fromArn.tags().has("aws_account_id"), false);
  fromArn.invoked(invoke);
  assertEquals(fromArn.tags().get("aws_account_id"), "123456789012");
  const registered = open();
  registered.setAccountId("000000000001");
  registered.invoked(invoke);
  assertEquals(registered.tags().get("aws_account_id"), "000000000001");
});

Deno.test("resource.tags() has the tenant that the sandbox serves, from whichever record tells it first", () => {
  const told = { timeNs: 1n, requestId: "r1", tenantId: "blue" };
  for (
    const event of [
      { ...told, type: "platform.start" },
      {
        ...told,
        type: "platform.report",
        status: undefined,
        errorType: undefined,
        durationMs: 1,
        billedDurationMs: 1,
        memorySizeMb: 128,
        maxMemoryUsedMb: 64,
        initDurationMs: undefined,
        restoreDurationMs: undefined,
        spans: NO_SPANS,
      },
    ] as const
  ) {
    const resource = open();
    assertEquals(resource.tags().has("aws_lambda_tenant_id"), false);
    resource.observe(event);
    assertEquals(resource.tags().get("aws_lambda_tenant_id"), "blue");
    resource.observe({ ...event, tenantId: undefined });
    assertEquals(resource.tags().get("aws_lambda_tenant_id"), "blue");
  }
});

Deno.test("resource.tags() tells a durable function by its runtime, and the processor where it is asked for", () => {
  const resource = open({ architecture: "arm64" });
  resource.observe(startup({ runtimeVersion: "nodejs:24.v3" }));
  assertEquals(resource.tags().get("durable_function"), undefined);
  resource.observe(startup({ runtimeVersion: "nodejs:24.DurableFunction.v6" }));
  assertEquals(resource.tags().get("durable_function"), "true");
  assertEquals(resource.tags().get("aws_lambda_architecture"), "arm64");
  assertEquals(open().tags().has("aws_lambda_architecture"), false);
});

Deno.test("every tag that is learnt is among the keys that are known ahead", () => {
  const resource = open({ architecture: "arm64", globalTags: new Map([["team", "a"]]) });
  resource.setAccountId("123456789012");
  const runtime = { runtimeVersion: "DurableFunction", runtimeVersionArn: "arn" };
  resource.observe(startup(runtime));
  resource.observe({
    type: "platform.start",
    timeNs: 1n,
    requestId: "r1",
    tenantId: "blue",
  });
  assertEquals([...resource.tags().keys()].filter((key) => !resource.keys.includes(key)), []);
});
