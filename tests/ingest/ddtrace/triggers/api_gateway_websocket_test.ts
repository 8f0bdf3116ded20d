import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a message of a WebSocket API waits until the invocation begins", async () => {
  const run = await runTrigger(await sample("api_gateway_websocket"));
  assertEquals(answerOf(run), {});
  assertEquals(run.spans, [
    {
      operation: "aws.apigateway",
      service: "k1l2m3n4o5.execute-api.eu-west-1.amazonaws.com",
      resource: "sendmessage",
      sourceType: "web",
      status: "ok",
      traceId: "77",
      parent: "0",
      startMs: -20,
      durationMs: 20,
      tags: {
        http_route: "sendmessage",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "wss://k1l2m3n4o5.execute-api.eu-west-1.amazonaws.com/live",
        sampling_rate: "sampler_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        "apigateway.request_id": "Jp3w1FhPIAMFtZw=",
        apiid: "k1l2m3n4o5",
        connection_id: "Jp3w0dAvoAMCFaA=",
        endpoint: "sendmessage",
        event_type: "MESSAGE",
        "http.source_ip": "192.0.2.9",
        "http.url_details.path": "/live",
        message_direction: "IN",
        "peer.service": "shop",
        request_id: "r1",
        stage: "live",
      },
      metrics: { _sampling_priority_v1: 1 },
    },
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "77",
      parent: "aws.apigateway",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "http",
        function_trigger_event_source: "api-gateway",
        function_trigger_event_source_arn: "arn:aws:apigateway:eu-west-1::/apis/k1l2m3n4o5/stages/live",
        http_route: "sendmessage",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "wss://k1l2m3n4o5.execute-api.eu-west-1.amazonaws.com/live",
        sampling_rate: "sampler_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        cold_start: "false",
        "http.source_ip": "192.0.2.9",
        "http.url_details.path": "/live",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 1 },
    },
  ]);
});
