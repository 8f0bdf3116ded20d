import { assertEquals } from "@std/assert";
import { createLogger, type Logger, type LogLevel } from "@std/log";
import type { Http2Answer, Http2Call } from "../src/net/http2_stream.ts";
import type { RefusalReason } from "../src/pipeline/receiver.ts";
import { tellingCalls, tellingRefusals, tellingRequests } from "../src/refusals.ts";

function recordingLog(
  level: LogLevel,
): { readonly lines: Record<string, unknown>[]; readonly log: Logger } {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLogger({ level, write: (line) => lines.push(JSON.parse(line)) }) };
}

const CLIENT = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const,
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 2 } as const,
  keep: () => {},
};

Deno.test("tellingRequests() tells a refusal with its reason, and leaves the answer whole", async () => {
  for (const level of ["debug", "info"] as const) {
    const { lines, log } = recordingLog(level);
    const handle = tellingRequests(
      (request) =>
        new Response(`no: ${request.method}\n`, { status: request.url.endsWith("/ok") ? 200 : 415 }),
      "otlp",
      log,
    );
    const refused = await handle(new Request("http://x/v1/traces?token=tkn_a", { method: "PUT" }), CLIENT);
    assertEquals([refused.status, await refused.text()], [415, "no: PUT\n"]);
    assertEquals(await (await handle(new Request("http://x/ok"), CLIENT)).text(), "no: GET\n");
    assertEquals(
      lines.map((
        { message, listener, method, path, status, reason },
      ) => [message, listener, method, path, status, reason]),
      level === "info" ? [] : [["A request was refused", "otlp", "PUT", "/v1/traces", 415, "no: PUT"]],
    );
  }
});

Deno.test("tellingRequests() reads the reason out of a protobuf message", async () => {
  const { lines, log } = recordingLog("debug");
  const body = new Uint8Array([8, 3, 18, 10, ...new TextEncoder().encode("Cannot do.")]);
  const handle = tellingRequests(() => new Response(body, { status: 400 }), "otlp", log);
  await (await handle(new Request("http://x/"), CLIENT)).body?.cancel();
  assertEquals(lines.map(({ reason }) => reason), ["Cannot do."]);
});

Deno.test("tellingCalls() tells of calls that gRPC's status refuses", async () => {
  const { lines, log } = recordingLog("debug");
  const answers: Record<string, Http2Answer> = {
    "/ok": { fields: [[":status", "200"]], trailers: [["grpc-status", "0"]] },
    "/bad": { fields: [[":status", "200"], ["grpc-status", "12"], ["grpc-message", "not%20here"]] },
    "/type": { fields: [[":status", "415"]] },
  };
  const calls = tellingCalls(
    {
      takes: () => true,
      handle: ({ head: { path } }) => Promise.resolve(answers[path] ?? { fields: [] }),
    },
    "otlp",
    log,
  );
  for (const path of Object.keys(answers)) {
    const call: Http2Call = {
      head: { method: "POST", path, authority: "x", fields: [], length: undefined },
      read: () => Promise.resolve(undefined),
      isGone: false,
    };
    assertEquals(await calls.handle(call), answers[path]);
  }
  assertEquals(lines.map(({ path, status, grpcStatus, reason }) => [path, status, grpcStatus, reason]), [
    ["/bad", 200, 12, "not here"],
    ["/type", 415, 0, ""],
  ]);
});

Deno.test("tellingRefusals() counts all, and tells of a reason once a second with the sum", () => {
  const { lines, log } = recordingLog("debug");
  const counted: [RefusalReason, number | undefined][] = [];
  let now = 0;
  const refuse = tellingRefusals((reason, count) => void counted.push([reason, count]), "statsd", {
    log,
    now: () => now,
  });
  for (let n = 0; n < 100; n++) refuse("malformed", 2);
  refuse("too_large");
  refuse("filtered", 5);
  now = 1_000;
  refuse("malformed", 1);
  assertEquals(counted.length, 103);
  assertEquals(lines.map(({ source, reason, count }) => [source, reason, count]), [
    ["statsd", "malformed", 2],
    ["statsd", "too_large", 1],
    ["statsd", "malformed", 199],
  ]);
});
