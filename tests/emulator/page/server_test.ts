/** The page's server: what it answers, to whom, and how a page that was away catches up. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { scenario } from "../../support/scenario.ts";
import { readPageFile } from "./page_file.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { type PageControls, type PageServer, startPageServer } from "./server.ts";
import type { RunEvent, RunState } from "./state.ts";

const FUNCTION = { name: "orders", runtime: "nodejs24.x", arch: "arm64", memoryMb: 512, timeoutMs: 3000 };
const COMMAND = { "content-type": "application/json", "x-emulator": "1" };

async function serve(): Promise<{ readonly server: PageServer; readonly recorder: Recorder }> {
  const recorder = createRecorder({ function: FUNCTION, extension: { name: "datakit", version: "2" } });
  return { recorder, server: startPageServer({ recorder, page: await readPageFile(), port: 0 }) };
}

/** Sends a request as it is written here: fetch() would correct it. */
async function statusOf(server: PageServer, request: string): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
  await conn.write(new TextEncoder().encode(request.replaceAll("\n", "\r\n")));
  const buffer = new Uint8Array(64);
  const size = await conn.read(buffer) ?? 0;
  return Number(new TextDecoder().decode(buffer.subarray(0, size)).split(" ")[1]);
}

scenario("the page's server answers to its own name only", async () => {
  const { server } = await serve();
  await using _closed = server;
  const { host, port } = new URL(server.url);
  const get = (name: string): Promise<number> =>
    statusOf(server, `GET /api/state HTTP/1.1\nHost: ${name}\n\n`);
  assertEquals(await get(host), 200);
  assertEquals(await get(`localhost:${port}`), 200);
  for (
    const name of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`, ""]
  ) {
    assertEquals(await get(name), 403, name);
  }
});

scenario("the page's server changes nothing by GET, and nothing for another site", async () => {
  const { server } = await serve();
  await using _closed = server;
  const done: string[] = [];
  server.control(recordingControls(done));
  const send = async (path: string, init: RequestInit): Promise<number> => {
    const response = await fetch(new URL(path, server.url), init);
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["/api/invoke", "/api/control"]) {
    assertEquals(await send(path, {}), 405);
    assertEquals(await send(path, { method: "PUT", headers: COMMAND, body: "{}" }), 405);
    assertEquals(await send(path, { method: "POST", body: '{"do":"kill"}' }), 403);
    assertEquals(
      await send(path, { method: "POST", headers: { "x-emulator": "1" }, body: '{"do":"kill"}' }),
      403,
    );
    const foreign = { ...COMMAND, origin: "http://evil.example" };
    assertEquals(await send(path, { method: "POST", headers: foreign, body: '{"do":"kill"}' }), 403);
  }
  assertEquals(await send("/api/state", { method: "POST", headers: COMMAND, body: "{}" }), 405);
  assertEquals(await send("/api/nothing", {}), 404);
  assertEquals(done, []);
});

scenario("the page's server carries out commands that are in order", async () => {
  const { server } = await serve();
  await using _closed = server;
  const origin = server.url.slice(0, -1);
  const command = async (path: string, body: unknown): Promise<number> => {
    const headers = { ...COMMAND, origin };
    const response = await fetch(new URL(path, server.url), {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await command("/api/control", { do: "kill" }), 503, "nothing runs yet");
  const done: string[] = [];
  server.control(recordingControls(done));
  const orders = [
    { do: "dataway", mode: "hang" },
    { do: "timeout", on: true },
    { do: "crash", on: false },
    { do: "freeze", ms: 12_000 },
    { do: "kill" },
    { do: "restore" },
  ];
  for (const order of orders) assertEquals(await command("/api/control", order), 202);
  assertEquals(await command("/api/invoke", { event: { path: "/orders" } }), 202);
  assertEquals(done, [
    "dataway hang",
    "arm timeout true",
    "arm crash false",
    "freeze 12000",
    "kill",
    "restore",
    'invoke {"path":"/orders"}',
  ]);
  const wrong = [{}, { do: "fly" }, { do: "dataway", mode: "gone" }, { do: "freeze", ms: -1 }, {
    do: "freeze",
    ms: 1e9,
  }];
  for (const order of wrong) assertEquals(await command("/api/control", order), 400, JSON.stringify(order));
  assertEquals(done.length, 7);
});

scenario("the page's server tells what comes after the state that a page has, and once", async () => {
  const { server, recorder } = await serve();
  await using _closed = server;
  const state: RunState = await (await fetch(new URL("/api/state", server.url))).json();
  recorder.log.put("dataway", { t: 5, mode: "down" });
  const events = await listen(server, `?since=${state.run}.${state.seq}`);
  recorder.log.put("dataway", { t: 9, mode: "ok" });
  assertEquals((await events.take(2)).map(({ event }) => event), [
    { type: "dataway", row: [5, "down"] },
    { type: "dataway", row: [9, "ok"] },
  ]);
  await events.close();
  // The browser names the last event that it has seen.
  const again = await listen(server, `?since=${state.run}.0`, `${state.run}.${state.seq + 1}`);
  assertEquals((await again.take(1)).map(({ event }) => event), [{ type: "dataway", row: [9, "ok"] }]);
  await again.close();
});

scenario("the page's server sends a page of another run, or from long ago, to the state", async () => {
  const { server, recorder } = await serve();
  await using _closed = server;
  const reset = { type: "reset" };
  for (const since of ["", "?since=another.1", `?since=${recorder.log.head.run}.999`]) {
    const events = await listen(server, since);
    assertEquals((await events.take(1))[0]?.event, reset, since);
    await events.close();
  }
  for (let t = 0; t < 10_000; t++) recorder.log.put("held", { t, points: 1, bytes: 1, seen: 0 });
  const events = await listen(server, `?since=${recorder.log.head.run}.1`);
  assertEquals((await events.take(1))[0]?.event, reset);
  await events.close();
});

scenario("a port that is asked for and taken is refused in words", async () => {
  const { server, recorder } = await serve();
  await using _closed = server;
  const port = Number(new URL(server.url).port);
  const page = await readPageFile();
  assertThrows(() => startPageServer({ recorder, page, port }), RangeError, `as port ${port} is taken`);
});

scenario("the page's server finds the invocations whose logs have a text", async () => {
  const { server, recorder } = await serve();
  await using _closed = server;
  const at = recorder.log.head.startedAt;
  for (const n of [1, 2]) {
    const requestId = `id-${n}`;
    recorder.onEvent({ kind: "invoked", at: at + 100 * n, life: 1, requestId, payload: "{}" });
    const line = n === 1 ? "all is well" : "CARD declined";
    recorder.onEvent({ kind: "log", entry: { at: at + 100 * n + 5, source: "function", line } });
  }
  const search = async (text: string): Promise<unknown> =>
    (await fetch(new URL(`/api/search?q=${encodeURIComponent(text)}`, server.url))).json();
  assertEquals(await search("card DECLINED"), [2]);
  assertEquals(await search("nowhere"), []);
});

scenario("the page is served packed, with its policy, and its detail of an invocation is data", async () => {
  const { server, recorder } = await serve();
  await using _closed = server;
  const response = await fetch(server.url);
  assert((await response.text()).startsWith("<!doctype html>"));
  assert(response.headers.get("content-security-policy")?.includes("default-src 'none'"));
  assertEquals(response.headers.get("access-control-allow-origin"), null);
  const at = recorder.log.head.startedAt + 50;
  recorder.onEvent({ kind: "invoked", at, life: 1, requestId: "id-1", payload: '{"path":"/"}' });
  recorder.onEvent({
    kind: "log",
    entry: { at: at + 1, source: "function", line: "<img src=x onerror=alert(1)>" },
  });
  const detail = await (await fetch(new URL("/api/invocations/1", server.url))).json();
  assertEquals(detail.logs, [{ t: 1, level: "info", text: "<img src=x onerror=alert(1)>", source: "" }]);
});

function recordingControls(done: string[]): PageControls {
  const note = (text: string): Promise<void> => {
    done.push(text);
    return Promise.resolve();
  };
  return {
    invoke: (event) => note(`invoke ${JSON.stringify(event)}`),
    dataway: (mode) => note(`dataway ${mode}`),
    arm: (fault, on) => void note(`arm ${fault} ${on}`),
    freeze: (ms) => note(`freeze ${ms}`),
    kill: () => note("kill"),
    restore: () => note("restore"),
  };
}

interface Listening {
  take(count: number): Promise<readonly { readonly id: string; readonly event: RunEvent }[]>;
  close(): Promise<void>;
}

async function listen(server: PageServer, search: string, lastEventId?: string): Promise<Listening> {
  const headers = new Headers(lastEventId === undefined ? {} : { "last-event-id": lastEventId });
  const response = await fetch(new URL(`/api/events${search}`, server.url), { headers });
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new TypeError("the stream has no body");
  let text = "";
  const parsed = (): { readonly id: string; readonly event: RunEvent }[] =>
    [...text.matchAll(/id: (.+)\ndata: (.+)\n\n/g)].map(([, id = "", data = ""]) => ({
      id,
      event: JSON.parse(data),
    }));
  return {
    take: async (count) => {
      while (parsed().length < count) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return parsed().slice(0, count);
    },
    close: () => reader.cancel(),
  };
}
