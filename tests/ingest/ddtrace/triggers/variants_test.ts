/** What the settings, the library and the result make of a trigger's spans. */
import { assert, assertEquals } from "@std/assert";
import { only, pack } from "../support.ts";
import { runTrigger, sample, seen, type SeenSpan, type TriggerRun } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

/** Each span as `operation < parent`. */
function tree({ spans }: TriggerRun): readonly string[] {
  return spans.map(({ operation, parent }) => `${operation} < ${parent}`);
}

function first({ spans }: TriggerRun): SeenSpan {
  const [span] = spans;
  assert(span !== undefined);
  return span;
}

/** The event of a sample, changed. */
async function changed(name: string, change: (event: string) => string): Promise<string> {
  const event = await sample(name);
  const other = change(event);
  assert(other !== event);
  return other;
}

scenario("inferred spans can be turned off by either name, and the trace goes on all the same", async () => {
  for (const name of ["ENV_INPUT_DDTRACE_INFERRED_SPANS", "DD_TRACE_MANAGED_SERVICES"]) {
    const run = await runTrigger(await sample("sqs"), { env: { [name]: "false" } });
    assertEquals(tree(run), ["aws.lambda < upstream 22"]);
    assertEquals(run.answer, {
      "x-datadog-trace-id": "11",
      "x-datadog-parent-id": "22",
      "x-datadog-sampling-priority": "2",
      "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    });
    assertEquals(first(run).tags["function_trigger_event_source"], undefined);
  }
  const both = { ENV_INPUT_DDTRACE_INFERRED_SPANS: "true", DD_TRACE_MANAGED_SERVICES: "false" };
  assertEquals(tree(await runTrigger(await sample("sqs"), { env: both })).length, 2);
});

scenario("services are called by the user's mapping, by the resource, or by their kind", async () => {
  const service = async (name: string, env: Record<string, string>) =>
    first(await runTrigger(await sample(name), { env })).service;
  const off = { DD_TRACE_AWS_SERVICE_REPRESENTATION_ENABLED: "false" };
  assertEquals(await service("sqs", off), "sqs");
  assertEquals(await service("api_gateway_websocket", off), "api_gateway_websocket");
  assertEquals(
    await service("sqs", { DD_SERVICE_MAPPING: "lambda_sqs:queues,orders:shop-queue" }),
    "shop-queue",
  );
  assertEquals(await service("sqs", { DD_SERVICE_MAPPING: "lambda_sqs:queues", ...off }), "queues");
  assertEquals(await service("api_gateway_rest", { DD_SERVICE_MAPPING: "f6g7h8i9j0:front" }), "front");
  assertEquals(await service("msk", { DD_SERVICE_MAPPING: "shop-cluster:kafka" }), "kafka");
});

scenario("a call that nobody waits for ends where the function begins", async () => {
  const event = await changed(
    "api_gateway_rest",
    (text) => text.replace('"headers": {', '"headers": { "X-Amz-Invocation-Type": "Event",'),
  );
  const span = first(await runTrigger(event));
  assertEquals([span.startMs, span.durationMs, span.meta["_inferred_span.synchronicity"]], [
    -80,
    80,
    "async",
  ]);
});

scenario("no span begins after what it caused, however the clocks differ", async () => {
  for (const time of ["1800000000000", "0", "-5", '"soon"', "1e400", "null", "{}"]) {
    const rest = first(
      await runTrigger(await changed("api_gateway_rest", (text) => text.replace("1700000000020", time))),
    );
    assertEquals([rest.startMs, rest.durationMs], [0, 50], time);
    const sqs = first(
      await runTrigger(await changed("sqs", (text) => text.replace('"1699999997000"', time))),
    );
    assertEquals([sqs.startMs, sqs.durationMs], [0, 0], time);
  }
  const late = await changed("sqs_sns", (text) => text.replace("22:13:15.500Z", "22:14:15.500Z"));
  const [sns, sqs] = (await runTrigger(late)).spans;
  assertEquals([sns?.startMs, sns?.durationMs, sqs?.startMs], [-3100, 0, -3100]);
});

scenario(
  "a failed invocation makes the spans in front of it fail, with a status where a client waits",
  async () => {
    const failed = {
      result: "",
      headers: { "x-datadog-invocation-error": "true", "x-datadog-invocation-error-msg": "boom" },
    };
    const run = await runTrigger(await sample("api_gateway_rest"), failed);
    assertEquals(
      run.spans.map(({ status, tags }) => [status, tags["http_status_code"], tags["error_message"]]),
      [["error", "502", "boom"], ["error", "502", "boom"]],
    );
    const queue = await runTrigger(await sample("sqs"), failed);
    assertEquals(
      queue.spans.map(({ status, tags }) => [status, tags["http_status_code"]]),
      [["error", undefined], ["error", undefined]],
    );
    const timeout = await runTrigger(await sample("function_url"), {
      result: "",
      finished: { status: "timeout" },
    });
    assertEquals(first(timeout).tags["http_status_code"], "502");
  },
);

scenario("a result without a status is what API Gateway, the balancer or the URL makes of it", async () => {
  const status = async (name: string, result: string) => {
    const { tags, status } = first(await runTrigger(await sample(name), { result }));
    return [tags["http_status_code"], status];
  };
  for (const name of ["api_gateway_rest", "application_load_balancer"]) {
    for (const result of ["null", '{"body":"x"}', '"text"', '{"statusCode":"many"}', '{"statusCode":99}']) {
      assertEquals(await status(name, result), ["502", "error"], `${name} ${result}`);
    }
  }
  for (const name of ["api_gateway_http", "function_url"]) {
    assertEquals(await status(name, '{"order":17}'), ["200", "ok"]);
    assertEquals(await status(name, '{"statusCode":null}'), ["502", "error"]);
    assertEquals(await status(name, '{"statusCode":503}'), ["503", "error"]);
  }
  // What stands for any result, as that of a stream.
  for (const result of ["", "{}", "<html>"]) {
    assertEquals(await status("api_gateway_rest", result), [undefined, "ok"], result);
  }
  assertEquals(await status("sqs", '{"order":17}'), [undefined, "ok"]);
});

scenario(
  "a library that sends the invocation's span itself has spans in front of it only where it asks for them",
  async () => {
    for (const isTold of [true, false]) {
      const { harness: made, answer } = await runTrigger(await sample("sqs"), {
        finished: { requestId: "other" },
      });
      assertEquals(made.points.length, 0);
      const root = {
        name: "aws.lambda",
        resource: "fn",
        service: "shop",
        trace_id: 11,
        span_id: 99,
        parent_id: isTold ? BigInt(answer["x-datadog-parent-id"] ?? 0) : 22,
        start: 1_700_000_000_100_000_000n,
        duration: 50_000_000n,
        meta: { request_id: "r1", "_dd.p.tid": "6552a70e00000000" },
      };
      await made.send("/v0.4/traces", pack([[root]]));
      made.traces.invocationDone?.({
        requestId: "r1",
        startNs: 1_700_000_000_100_000_000n,
        durationMs: 50,
        status: "success",
        coldStart: false,
      });
      const spans = seen(made.points).map(({ operation, parent, traceId }) =>
        `${operation} < ${parent} ${traceId}`
      );
      assertEquals(
        spans,
        isTold
          ? [
            "aws.lambda < aws.sqs 6552a70e00000000000000000000000b",
            "aws.sqs < upstream 22 6552a70e00000000000000000000000b",
          ]
          : ["aws.lambda < upstream 22 6552a70e00000000000000000000000b"],
      );
    }
  },
);

scenario("a library that goes on with another trace than it was told has its own", async () => {
  const run = await runTrigger(await sample("sqs"), {
    headers: { "x-datadog-trace-id": "77", "x-datadog-parent-id": "77" },
  });
  assertEquals(tree(run), ["aws.sqs < 0", "aws.lambda < aws.sqs"]);
  assertEquals(run.spans.map(({ traceId }) => traceId), ["77", "77"]);
});

scenario("a rejected trace is counted span by span", async () => {
  const run = await runTrigger(await sample("sqs_sns"), { headers: { "x-datadog-sampling-priority": "-1" } });
  assertEquals([run.spans.length, run.harness.refused.get("sampled_out")], [0, 3]);
});

Deno.test("an event of which Java's runtime had made objects is read by its names in small letters", async () => {
  const record = {
    messageId: "059f36b4",
    receiptHandle: "AQEB",
    body: "{}",
    attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1699999997000", SenderId: "A" },
    messageAttributes: { _datadog: { stringValue: '{"x-datadog-trace-id":"11"}', dataType: "String" } },
    eventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:orders",
    eventSource: "aws:sqs",
    awsRegion: "eu-west-1",
  };
  const run = await runTrigger(JSON.stringify({ records: [record] }));
  assertEquals(tree(run), ["aws.sqs < 0", "aws.lambda < aws.sqs"]);
  assertEquals([first(run).resource, first(run).traceId, first(run).startMs], ["orders", "11", -3100]);
  const sns = {
    sns: { type: "Notification", topicArn: "arn:aws:sns:eu-west-1:123456789012:news", messageId: "m" },
  };
  assertEquals(first(await runTrigger(JSON.stringify({ records: [sns] }))).resource, "news");
  const topic = '{"topic":"orders","partition":0.0,"timestamp":1.6999999981E12}';
  const kafka = `{"eventSource":"aws:kafka","records":{"orders-0":{"0":${topic}}}}`;
  assertEquals([first(await runTrigger(kafka)).resource, first(await runTrigger(kafka)).startMs], [
    "orders",
    -2000,
  ]);
});

Deno.test("other sources are told of by name alone", async () => {
  const events: readonly (readonly [string, string, unknown])[] = [
    ["cloudwatch-events", "timer", {
      source: "aws.events",
      "detail-type": "Scheduled Event",
      time: "2023-11-14T22:13:20Z",
    }],
    ["cloudwatch-events", "other", { detail: { EventCategories: ["backup"] } }],
    ["cloudwatch-logs", "datasource", { awslogs: { data: "H4sI" } }],
    ["cloudfront", "http", { Records: [{ cf: { config: { distributionId: "E1" } } }] }],
    ["appsync", "http", {
      info: { selectionSetGraphQL: "{ id }", parentTypeName: "Query", fieldName: "orders" },
    }],
    ["cognito", "other", { triggerSource: "PreSignUp_SignUp", userPoolId: "eu-west-1_1" }],
    ["ses", "pubsub", { Records: [{ eventSource: "aws:ses", ses: {} }] }],
    ["codepipeline", "other", { "CodePipeline.job": { id: "1" } }],
    ["lex", "other", { bot: { name: "b" }, sessionId: "1" }],
    // Forms as in AWS's own samples, `events/testdata` of github.com/aws/aws-lambda-go.
    ["lex", "other", {
      bot: { name: "b" },
      currentIntent: { name: "i" },
      messageVersion: "1.0",
      userId: "u",
    }],
    ["cognito", "other", { datasetName: "d", identityPoolId: "p", eventType: "SyncTrigger", version: 2 }],
    ["codecommit", "other", { Records: [{ eventSource: "aws:codecommit", codecommit: {} }] }],
    ["connect", "other", { Name: "ContactFlowExecution", Details: { ContactData: {} } }],
    ["config", "other", { configRuleName: "r", configRuleArn: "arn:aws:config:::r", invokingEvent: "{}" }],
    ["cloudformation", "other", { RequestType: "Create", StackId: "arn:aws:s", LogicalResourceId: "l" }],
    ["secretsmanager", "other", { Step: "createSecret", SecretId: "arn:aws:s", ClientRequestToken: "t" }],
    ["firehose", "datasource", { deliveryStreamArn: "arn:aws:f", region: "r", records: [{ data: "" }] }],
    ["s3-batch", "datasource", { invocationSchemaVersion: "1.0", job: { id: "j" }, tasks: [] }],
    ["s3-object-lambda", "datasource", { xAmzRequestId: "r", userRequest: {}, getObjectContext: {} }],
    ["iot", "other", { serialNumber: "S", clickType: "SINGLE", batteryVoltage: "2000 mV" }],
    ["api-gateway", "other", { type: "TOKEN", authorizationToken: "allow", methodArn: "arn:aws:m" }],
    ["alexa", "http", { session: { sessionId: "1" }, request: { type: "LaunchRequest" } }],
    ["mq", "pubsub", { eventSource: "aws:mq", messages: [] }],
    ["mq", "pubsub", { eventSource: "aws:rmq", rmqMessagesByQueue: {} }],
    ["documentdb", "datasource", { eventSource: "aws:docdb", events: [{ event: {} }] }],
    ["kafka", "pubsub", { eventSource: "SelfManagedKafka", records: { "t-0": [{ topic: "t" }] } }],
    ["bedrock-agent", "other", { messageVersion: "1.0", agent: { name: "a" } }],
    ["vpc-lattice", "http", {
      version: "2.0",
      requestContext: { serviceNetworkArn: "arn:aws:vpc-lattice:::sn" },
    }],
  ];
  for (const [source, kind, event] of events) {
    const { tags } = only((await runTrigger(JSON.stringify(event))).harness.points);
    assertEquals([tags["function_trigger_event_source"], tags["faas_trigger"]], [source, kind]);
  }
  for (
    const event of [
      "{}",
      "[]",
      "null",
      '"x"',
      "1",
      "no json",
      '{"Records":[]}',
      '{"Records":[1]}',
      '{"order":17}',
    ]
  ) {
    const { tags } = only((await runTrigger(event)).harness.points);
    assertEquals(tags["function_trigger_event_source"], undefined, event);
  }
});

scenario("what a client writes into its headers names no service and brings no query", async () => {
  for (const host of ["a b", "x".repeat(300), "", "ü.example", '\\"'] as const) {
    const event = await changed(
      "application_load_balancer",
      (text) => text.replace('"shop.example"', `"${host}"`),
    );
    const { service, tags } = first(await runTrigger(event));
    assertEquals([service, tags["http_url"]], ["aws-alb", undefined], host);
  }
  const event = await changed(
    "api_gateway_http",
    (text) => text.replace('"https://shop.example/"', '"https://shop.example/cart?token=hidden#top"'),
  );
  assertEquals(first(await runTrigger(event)).meta["http.referer"], "https://shop.example/cart");
  for (const name of ["api_gateway_http", "api_gateway_rest", "application_load_balancer", "function_url"]) {
    const { harness } = await runTrigger(await sample(name));
    const told = JSON.stringify(harness.points.map(({ tags, fields }) => [...tags, ...fields].map(String)));
    assert(!told.includes("hidden"), name);
  }
});
