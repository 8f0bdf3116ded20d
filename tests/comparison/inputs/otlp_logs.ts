import type { Group } from "../input.ts";
import { anyValue, both, json, pairs, request, START, VALUES } from "./otlp_request.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";
const SPAN_ID = "0000000000000001";
const RECORD = { timeUnixNano: String(START), observedTimeUnixNano: String(START + 5n) };

/** Log records. */
export const OTLP_LOGS: Group = {
  name: "otlp_logs",
  inputs: [
    request(
      "logs",
      "bodies of all types",
      [...Object.values(VALUES), Uint8Array.from(new TextEncoder().encode("日志\n"))].map((value) => ({
        ...RECORD,
        body: anyValue(value),
      })),
    ),
    request("logs", "values of all types in attributes", [{
      ...RECORD,
      body: anyValue("m"),
      attributes: pairs(VALUES),
    }], {
      resource: { "service.name": "svc", r: 1n, shared: "resource" },
      scope: { s: true, shared: "scope" },
    }),
    request("logs", "values of all types as DataKit has them", [{
      ...RECORD,
      body: anyValue("m"),
      attributes: pairs(VALUES),
    }], { env: { ENV_AWSLAMBDA_SCHEMA: "datakit" } }),
    request("logs", "severities", [
      ...Array.from({ length: 27 }, (_, severityNumber) => ({ ...RECORD, severityNumber })),
      ...["", "Notice", "WARNING", "crit", "severe", "fine", "verbose", "ERROR!"].map((severityText) => ({
        ...RECORD,
        severityText,
      })),
      { ...RECORD, severityNumber: 9, severityText: "debug" },
    ]),
    request("logs", "names that are taken", [
      {
        ...RECORD,
        attributes: pairs({
          message: "attribute",
          status: "s",
          source: 1n,
          date: "d",
          service: "x",
          remote_ip: "y",
        }),
      },
      {
        ...RECORD,
        body: anyValue("body"),
        attributes: pairs({ message: "attribute", "severity.text": "s" }),
      },
      { ...RECORD, attributes: pairs({ trace_id: "own", span_id: "own", scope_name: "own", host: "h" }) },
    ]),
    request("logs", "ids", [
      { ...RECORD, traceId: TRACE_ID, spanId: SPAN_ID },
      { ...RECORD, traceId: "ab", spanId: "cd" },
      { ...RECORD, traceId: TRACE_ID, attributes: pairs({ trace_id: "own" }) },
    ]),
    request("logs", "times", [
      { body: anyValue("none") },
      { observedTimeUnixNano: "7", body: anyValue("observed") },
      { timeUnixNano: String(START * 3n), body: anyValue("future") },
      { timeUnixNano: "18446744073709551615" },
    ]),
    request("logs", "host and source", [{ ...RECORD, eventName: "ev" }], {
      resource: { "service.name": "svc", "host.name": "h1", "log.source": "src" },
    }),
    request("logs", "no service", [RECORD], { resource: { "host.name": "" } }),
    request("logs", "tags of the user's", [RECORD], {
      env: { ENV_INPUT_OTEL_TAGS: "team=blue,service=mine,status=odd,host=no" },
    }),
    request("logs", "what Dataway's rules shorten", [{
      ...RECORD,
      attributes: pairs({ ["k".repeat(300)]: 1n, "": "x" }),
    }], {
      resource: { "service.name": "s".repeat(2000), "host.name": "h\nh\\" },
    }),
    request("logs", "a body too long for one", [
      { ...RECORD, body: anyValue("é".repeat(600_000)), attributes: pairs({ a: 1n }) },
      RECORD,
    ]),
    both("logs", "schemas, and nothing around", {
      resourceLogs: [
        {
          schemaUrl: "resource",
          scopeLogs: [{ logRecords: [RECORD] }, { schemaUrl: "scope", logRecords: [{}] }],
        },
        {},
      ],
    }),
    json(
      "logs",
      "odd members",
      JSON.stringify({
        resourceLogs: [{
          scopeLogs: [{
            logRecords: [
              { body: "bare", severityNumber: "SEVERITY_NUMBER_WARN2", attributes: { a: 1 } },
              { body: ["a", { b: 1 }], timeUnixNano: "-1" },
              { body: { stringValue: "x" }, timeUnixNano: 1, severityNumber: {}, traceId: [] },
            ],
          }],
        }],
      }),
    ),
  ],
};
