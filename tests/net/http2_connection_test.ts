import { assert, assertEquals } from "@std/assert";
import {
  encodeFrame,
  encodeRstStream,
  encodeSettings,
  encodeWindowUpdate,
  ERROR,
  FLAG,
  FRAME,
  join,
  SETTING,
} from "../../src/net/http2_frames.ts";
import type { CallHandler } from "../../src/net/http_connection.ts";
import { listenHttp } from "../support/http_listener.ts";
import { scenario } from "../support/scenario.ts";
import {
  CALL,
  codeOf,
  connectHttp2,
  data,
  headers,
  type RawHttp2,
  type ServerFrame,
} from "./http2_client.ts";

/** Answers every call with the length of its body, in trailers. */
const counting: CallHandler = {
  takes: () => true,
  handle: async (call) => {
    let bytes = 0;
    for (let part = await call.read(); part !== undefined; part = await call.read()) bytes += part.length;
    return {
      fields: [[":status", "200"]],
      body: new Uint8Array(10),
      trailers: [["grpc-status", `${bytes}`]],
    };
  },
};

async function frames(client: RawHttp2, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let frame = await client.receive(); frame !== undefined; frame = await client.receive()) {
    found.push(shown(frame));
    if (found.length === count) break;
  }
  return found;
}

function shown(frame: ServerFrame): string {
  const name = Object.entries(FRAME).find(([, type]) => type === frame.type)?.[0];
  const isLast = (frame.flags & FLAG.endStream) !== 0 &&
    (frame.type === FRAME.data || frame.type === FRAME.headers);
  const code = frame.type === FRAME.rstStream || frame.type === FRAME.goaway ? ` ${codeOf(frame)}` : "";
  const length = frame.type === FRAME.data ? ` ${frame.payload.length}` : "";
  return `${name} ${frame.streamId}${length}${code}${isLast ? " last" : ""}`;
}

scenario("serveHttp2() answers calls whose frames are mixed", async () => {
  await using server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port);
  await client.send(headers(1), headers(3), data(1, new Uint8Array(5)), data(3, new Uint8Array(7), true));
  assertEquals(await frames(client, 3), ["headers 3", "data 3 10", "headers 3 last"]);
  await client.send(data(1, new Uint8Array(5), true));
  assertEquals(await frames(client, 3), ["headers 1", "data 1 10", "headers 1 last"]);
});

scenario(
  "serveHttp2() takes bodies of many windows, and lets the client send on as they are read",
  async () => {
    await using server = listenHttp({ calls: counting });
    using client = await connectHttp2(server.port);
    const chunk = new Uint8Array(16_384);
    let [sent, window] = [0, 262_144];
    await client.send(headers(1));
    while (sent < 2_000_000) {
      if (window < chunk.length) {
        const frame = await client.receive();
        assertEquals([frame?.type, frame?.streamId], [FRAME.windowUpdate, 1]);
        window += frame === undefined ? 0 : codeOf(frame);
        continue;
      }
      await client.send(data(1, chunk));
      [sent, window] = [sent + chunk.length, window - chunk.length];
    }
    await client.send(data(1, new Uint8Array(0), true));
    for (let frame = await client.receive(); frame !== undefined; frame = await client.receive()) {
      if (frame.type !== FRAME.headers || (frame.flags & FLAG.endStream) === 0) continue;
      assert(new TextDecoder().decode(frame.payload).includes(`${sent}`));
      break;
    }
  },
);

scenario("serveHttp2() ends a connection that sends more than there is room for", async () => {
  const never: CallHandler = { takes: () => true, handle: () => new Promise(() => {}) };
  await using server = listenHttp({ calls: never });
  using client = await connectHttp2(server.port);
  await client.send(headers(1));
  for (let index = 0; index < 17; index++) await client.send(data(1, new Uint8Array(16_384)));
  assertEquals(await frames(client, 9), [`goaway 0 ${ERROR.flowControl}`]);
});

scenario("serveHttp2() sends an answer as the client's windows allow", async () => {
  await using server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port, [[SETTING.initialWindowSize, 3]]);
  await client.send(headers(1, CALL, true));
  assertEquals(await frames(client, 2), ["headers 1", "data 1 3"]);
  await client.send(encodeWindowUpdate(1, 5));
  assertEquals(await frames(client, 1), ["data 1 5"]);
  await client.send(encodeWindowUpdate(1, 100));
  assertEquals(await frames(client, 2), ["data 1 2", "headers 1 last"]);
});

scenario("serveHttp2() acknowledges settings before it sends what they allow", async () => {
  await using server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port, [[SETTING.initialWindowSize, 0]]);
  await client.send(headers(1, CALL, true));
  assertEquals(await frames(client, 1), ["headers 1"]);
  await client.send(encodeSettings([[SETTING.initialWindowSize, 1]]));
  const found: (string | undefined)[] = [];
  for (let n = 0; n < 2; n++) {
    const frame = await client.receiveAny();
    found.push(frame === undefined ? frame : shown(frame));
  }
  assertEquals(found, ["settings 0", "data 1 1"]);
});

scenario("serveHttp2() refuses more calls at a time than it takes, and goes on with the others", async () => {
  await using server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port);
  const opened = Array.from({ length: 101 }, (_, index) => headers(2 * index + 1));
  await client.send(...opened);
  assertEquals(await frames(client, 1), [`rstStream 201 ${ERROR.refusedStream}`]);
  await client.send(data(1, new Uint8Array(1), true));
  assertEquals(await frames(client, 1), ["headers 1"]);
});

scenario("serveHttp2() resets a call whose handler fails, tells why, and serves on", async () => {
  let calls = 0;
  await using server = listenHttp({
    calls: {
      takes: () => true,
      handle: (call) => ++calls === 1 ? Promise.reject(new Error("x")) : counting.handle(call),
    },
  });
  using client = await connectHttp2(server.port);
  await client.send(headers(1, CALL, true), headers(3, CALL, true));
  assertEquals((await frames(client, 4)).toSorted(), [
    "data 3 10",
    "headers 3",
    "headers 3 last",
    `rstStream 1 ${ERROR.internal}`,
  ]);
  assertEquals(server.errors.map(String), ["Error: x"]);
});

scenario(
  "serveHttp2() does not begin to work on calls that are reset at once, and sends such a client away",
  async () => {
    let calls = 0;
    await using server = listenHttp({
      calls: {
        takes: () => true,
        handle: (call) => {
          calls++;
          return counting.handle(call);
        },
      },
    });
    using client = await connectHttp2(server.port);
    const resets = Array.from(
      { length: 2_000 },
      (_, index) => join([headers(2 * index + 1), encodeRstStream(2 * index + 1, ERROR.cancel)]),
    );
    await client.send(...resets).catch(() => {});
    const found = await frames(client, 9);
    assertEquals(found.at(-1) ?? "", `goaway 0 ${ERROR.enhanceYourCalm}`);
    assertEquals(calls, 0);
  },
);

scenario("serveHttp2() sends clients away that make nothing but work", async () => {
  await using server = listenHttp({ calls: counting });
  const ping = encodeFrame(FRAME.ping, 0, 0, new Uint8Array(8));
  const settings = encodeFrame(FRAME.settings, 0, 0);
  const empty = data(1, new Uint8Array(0));
  const priority = encodeFrame(FRAME.priority, 0, 1, Uint8Array.of(0, 0, 0, 3, 1));
  const open = encodeFrame(FRAME.headers, 0, 1, new Uint8Array(0));
  const more = encodeFrame(FRAME.continuation, 0, 1);
  const floods: readonly (readonly [what: string, first: Uint8Array, flood: Uint8Array, count: number])[] = [
    ["pings", settings, ping, 2_000],
    ["settings", settings, settings, 2_000],
    ["empty data", headers(1), empty, 2_000],
    ["priorities", settings, priority, 3_000],
    ["continuations", open, more, 2_000],
    ["frames that nobody knows", settings, encodeFrame(77, 0, 0), 6_000],
  ];
  for (const [what, first, flood, count] of floods) {
    using client = await connectHttp2(server.port);
    await client.send(first, ...Array.from({ length: count }, () => flood)).catch(() => {});
    let last: ServerFrame | undefined;
    for (let frame = await client.receive(); frame !== undefined; frame = await client.receive()) {
      last = frame;
    }
    assertEquals(last === undefined ? "" : shown(last), `goaway 0 ${ERROR.enhanceYourCalm}`, what);
  }
});

scenario("serveHttp2() lets a client that works ping and reset as much as it works", async () => {
  await using server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port, [[SETTING.initialWindowSize, 1_000_000]]);
  await client.send(encodeWindowUpdate(0, 1_000_000));
  for (let id = 1; id < 4_000; id += 4) {
    const ping = encodeFrame(FRAME.ping, 0, 0, new Uint8Array(8));
    await client.send(
      headers(id),
      ping,
      data(id, new Uint8Array(4), true),
      headers(id + 2),
      encodeRstStream(id + 2, 8),
    );
    const found = await frames(client, 4);
    assertEquals(found.toSorted(), ["data " + id + " 10", "headers " + id, `headers ${id} last`, "ping 0"]);
  }
});

scenario("serveHttp2() serves plain requests, and HTTP/1.1 on the same port", async () => {
  await using server = listenHttp({
    handle: async (request) =>
      new Response(`${request.method} ${request.url} ${await request.text()}`, { status: 201 }),
  });
  using client = await connectHttp2(server.port);
  const request = [[":method", "POST"], [":scheme", "http"], [":path", "/v1/traces?a"], [
    ":authority",
    "h:1",
  ]] as const;
  await client.send(headers(1, request), data(1, new TextEncoder().encode("body"), true));
  const [head, body] = [await client.receive(), await client.receive()];
  assertEquals(head?.type, FRAME.headers);
  assertEquals(new TextDecoder().decode(body?.payload), "POST http://h:1/v1/traces?a body");
  const response = await fetch(`http://127.0.0.1:${server.port}/x`, { method: "POST", body: "b" });
  assertEquals([response.status, await response.text()], [201, `POST http://127.0.0.1:${server.port}/x b`]);
});

scenario("serveHttp2() tells an idle client that the connection ends", async () => {
  const server = listenHttp({ calls: counting });
  using client = await connectHttp2(server.port);
  await client.send(headers(1, CALL, true));
  await frames(client, 3);
  await server[Symbol.asyncDispose]();
  const last = await frames(client, 9);
  assert(last.length === 0 || last[0] === `goaway 0 ${ERROR.none}`, `${last}`);
});
