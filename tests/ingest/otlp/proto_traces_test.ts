import { assertEquals, assertThrows } from "@std/assert";
import { decodeProtoTraces } from "../../../src/ingest/otlp/proto_traces.ts";
import { hex, TRACE } from "../../fixtures/otlp/worked_bytes.ts";

Deno.test("decodeProtoTraces() reads the worked request", () => {
  assertEquals(decodeProtoTraces(TRACE), {
    malformed: 0,
    resources: [{
      resource: { attributes: new Map([["service.name", "svc"]]) },
      schemaUrl: "",
      scopes: [{
        scope: { name: "", version: "", attributes: new Map() },
        schemaUrl: "",
        items: [{
          traceId: "5b8efff798038103d269b633813fc60c",
          spanId: "eee19b7ec3c1b174",
          traceState: "",
          parentSpanId: "",
          name: "op",
          kind: 2,
          startTimeUnixNano: 1700000000000000000n,
          endTimeUnixNano: 1700000000001000000n,
          attributes: new Map([["n", -1n]]),
          droppedAttributesCount: 0,
          events: [],
          droppedEventsCount: 0,
          links: [],
          droppedLinksCount: 0,
          status: { code: 2, message: "" },
          flags: 0,
        }],
      }],
    }],
  });
});

Deno.test("decodeProtoTraces() takes zero bytes as an empty request", () => {
  assertEquals(decodeProtoTraces(new Uint8Array(0)), { resources: [], malformed: 0 });
});

Deno.test("decodeProtoTraces() refuses a request cut short at any byte", () => {
  for (let length = 1; length < TRACE.length; length++) {
    assertThrows(() => decodeProtoTraces(TRACE.subarray(0, length)), Error, "ends after its message");
  }
});

Deno.test("decodeProtoTraces() loses only the span that is malformed", () => {
  const good = "12082a04616263643002";
  const bad = "1203" + "2a7f61"; // a name of 127 bytes in a span of 3
  const group = "1202" + "0b0c"; // an obsolete group
  const spans = good + bad + group + good;
  const scope = `12${(spans.length / 2).toString(16).padStart(2, "0")}${spans}`;
  const request = hex(`0a${(scope.length / 2).toString(16).padStart(2, "0")}${scope}`);
  const { resources, malformed } = decodeProtoTraces(request);
  assertEquals(malformed, 2);
  assertEquals(resources[0]?.scopes[0]?.items.map((span) => span.name), ["abcd", "abcd"]);
});

Deno.test("decodeProtoTraces() reads events, links, status, counts and the fixed flags", () => {
  const event = "5a14" + "090100000000000000" + "12026576" + "1a030a0161" + "2002";
  const link = "6a19" + "0a0201ff" + "120102" + "1a0474733d31" + "22030a016b" + "2803" + "35ff030000";
  const status = "7a06" + "12026f6f" + "1801";
  const span = event + link + status + "5007" + "6008" + "7009" + "850101000000" + "1a0161" + "2201aa";
  const size = (span.length / 2).toString(16);
  const scope = `12${size}${span}`;
  const resource = `12${(scope.length / 2).toString(16)}${scope}`;
  const decoded = decodeProtoTraces(hex(`0a${(resource.length / 2).toString(16)}${resource}`));
  const read = decoded.resources[0]?.scopes[0]?.items[0];
  assertEquals(read?.events, [
    { timeUnixNano: 1n, name: "ev", attributes: new Map([["a", undefined]]), droppedAttributesCount: 2 },
  ]);
  assertEquals(read?.links, [{
    traceId: "01ff",
    spanId: "02",
    traceState: "ts=1",
    attributes: new Map([["k", undefined]]),
    droppedAttributesCount: 3,
    flags: 0x3ff,
  }]);
  assertEquals(read?.status, { code: 1, message: "oo" });
  assertEquals([read?.droppedAttributesCount, read?.droppedEventsCount, read?.droppedLinksCount], [7, 8, 9]);
  assertEquals([read?.flags, read?.traceState, read?.parentSpanId], [1, "a", "aa"]);
});
