import { assertEquals } from "@std/assert";
import { Hono } from "@hono/hono";
import { createMainApp, createReceiverApp } from "../src/app.ts";
import type { Receiver } from "../src/pipeline/receiver.ts";

function receiver(path: string): Receiver {
  return { name: path, app: new Hono().post(path, (c) => c.text(`taken by ${path}`)) };
}

const from = (hostname: string) => ({ remoteAddr: { transport: "tcp", hostname, port: 1234 } });

async function post(path: string, info?: unknown): Promise<number> {
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
