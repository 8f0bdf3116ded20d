import { assertEquals } from "@std/assert";
import { Hono } from "@hono/hono";
import { type ConnectionInfo, createMainApp, createReceiverApp } from "../src/app.ts";
import type { Receiver } from "../src/pipeline/receiver.ts";

function receiver(path: string): Receiver {
  return { name: path, app: new Hono().post(path, (c) => c.text(`taken by ${path}`)) };
}

const address = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 1234 });
const from = (hostname: string): ConnectionInfo => ({ remoteAddr: address(hostname) });

async function post(path: string, info?: ConnectionInfo): Promise<number> {
  const app = createMainApp([receiver("/awslambda"), receiver("/"), receiver("/v1/write/metric")]);
  return (await app.request(path, { method: "POST" }, info)).status;
}

Deno.test("createMainApp() serves every receiver's routes to loopback clients", async () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(await post("/v1/write/metric", from(host)), 200, host);
  }
  assertEquals(await post("/v1/write/metric"), 200);
});

Deno.test("createMainApp() serves only telemetry to other hosts", async () => {
  for (const host of ["169.254.100.1", "10.0.0.7", "2001:db8::1", "::ffff:10.0.0.7"]) {
    assertEquals(await post("/v1/write/metric", from(host)), 403, host);
    assertEquals(await post("/awslambda", from(host)), 200, host);
    assertEquals(await post("/", from(host)), 200, host);
    assertEquals(await post("/awslambda/../v1/write/metric", from(host)), 403, host);
  }
});

Deno.test("createMainApp() takes telemetry from other hosts only until it knows where the platform is", async () => {
  const cases: readonly (readonly [platform: string, host: string, status: number])[] = [
    ["127.0.0.1", "10.0.0.7", 403],
    ["127.0.0.1", "127.0.0.1", 200],
    ["169.254.79.129", "10.0.0.7", 403],
    ["169.254.79.129", "2001:db8::1", 403],
    ["169.254.79.129", "169.254.100.1", 200],
    ["169.254.79.129", "127.0.0.1", 200],
    ["10.0.0.7", "10.0.0.7", 200],
    ["10.0.0.7", "10.0.0.8", 403],
  ];
  for (const [platform, host, status] of cases) {
    const app = createMainApp([receiver("/awslambda")]);
    const ask = async (from: ConnectionInfo, method = "POST"): Promise<number> =>
      (await app.request("/awslambda", { method }, from)).status;
    // What is not telemetry, or was not taken, tells nothing.
    assertEquals(await ask(from("10.9.9.9"), "GET"), 404);
    assertEquals(await ask(from(platform)), 200);
    assertEquals(await ask(from(host)), status, `${host} after ${platform}`);
  }
});

Deno.test("createMainApp() takes no telemetry that comes by the sandbox's own address", async () => {
  const app = createMainApp([receiver("/awslambda")]);
  const own = "169.254.76.1";
  const ask = async (host: string): Promise<number> => {
    const info = { remoteAddr: address(host), localAddr: address(own) };
    return (await app.request("/awslambda", { method: "POST" }, info)).status;
  };
  assertEquals(await ask("169.254.79.129"), 200);
  assertEquals(await ask(own), 403);
});

Deno.test("createMainApp() keeps the connections that telemetry was taken from", async () => {
  const app = createMainApp([receiver("/awslambda"), receiver("/v1/write/metric")]);
  const kept: string[] = [];
  for (const path of ["/awslambda", "/v1/write/metric", "/nothing"]) {
    await app.request(path, { method: "POST" }, { ...from("127.0.0.1"), keep: () => void kept.push(path) });
  }
  assertEquals(kept, ["/awslambda"]);
});

Deno.test("createMainApp() takes paths with slashes too many", async () => {
  for (const path of ["//v1/write/metric", "/v1/write/metric/", "///v1/write/metric//"]) {
    assertEquals(await post(path, from("127.0.0.1")), 200, path);
    assertEquals(await post(path, from("10.0.0.7")), 403, path);
  }
});

Deno.test("createMainApp() answers 404 for what no receiver has", async () => {
  assertEquals(await post("/nothing", from("127.0.0.1")), 404);
});

Deno.test("createReceiverApp() serves one receiver's routes only", async () => {
  const app = createReceiverApp(receiver("/v0.4/traces"));
  assertEquals((await app.request("/v0.4/traces", { method: "POST" })).status, 200);
  assertEquals((await app.request("/awslambda", { method: "POST" })).status, 404);
});

Deno.test("createReceiverApp() serves what is everywhere although its receiver answers whatever comes", async () => {
  const greedy: Receiver = {
    name: "greedy",
    app: new Hono().use((c) => Promise.resolve(c.text("mine", 404))),
  };
  const app = createReceiverApp(greedy, [{
    name: "status",
    app: new Hono().get("/status", (c) => c.text("here")),
  }]);
  assertEquals(await (await app.request("/status")).text(), "here");
  assertEquals(await (await app.request("/other")).text(), "mine");
});
