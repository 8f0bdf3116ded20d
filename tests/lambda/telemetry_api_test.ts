import { assertEquals } from "@std/assert";
import { valueOf } from "../../src/header_fields.ts";
import { type SubscribeResult, subscribeToTelemetry } from "../../src/lambda/telemetry_api.ts";

async function subscribe(
  managedInstance: boolean,
  ...statuses: readonly number[]
): Promise<{ result: SubscribeResult; bodies: unknown[]; urls: string[] }> {
  const bodies: unknown[] = [];
  const urls: string[] = [];
  const result = await subscribeToTelemetry({
    identifier: "id-1",
    port: 9529,
    types: ["platform", "function"],
    managedInstance,
    send: ({ method, path, fields, body }) => {
      const status = statuses[bodies.length] ?? 0;
      urls.push(`${method} ${path} ${valueOf(fields, "lambda-extension-identifier")}`);
      bodies.push(JSON.parse(body ?? ""));
      return status === 0
        ? Promise.reject(new Error("closed"))
        : Promise.resolve({ status, fields: [], text: "" });
    },
  });
  return { result, bodies, urls };
}

Deno.test("subscribeToTelemetry() asks for the smallest buffers at its own endpoint", async () => {
  const { result, bodies, urls } = await subscribe(false, 200);
  assertEquals(result, { status: "subscribed", schemaVersion: "2022-12-13" });
  assertEquals(urls, ["PUT /2022-07-01/telemetry id-1"]);
  assertEquals(bodies, [{
    schemaVersion: "2022-12-13",
    types: ["platform", "function"],
    buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 },
    destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:9529/awslambda" },
  }]);
});

for (
  const [status, expected] of [
    [202, "unsupported"],
    [404, "unsupported"],
    [400, "failed"],
    [403, "failed"],
    [500, "failed"],
    [0, "failed"],
  ] as const
) {
  Deno.test(`subscribeToTelemetry() gives ${expected} for ${status === 0 ? "no answer" : status}`, async () => {
    const { result, bodies } = await subscribe(false, status);
    assertEquals(result.status, expected);
    assertEquals(bodies.length, 1);
  });
}

Deno.test("subscribeToTelemetry() tries the newer schema first on managed instances", async () => {
  const schemas = (bodies: unknown[]): unknown[] =>
    bodies.map((body) =>
      typeof body === "object" && body !== null && "schemaVersion" in body ? body.schemaVersion : ""
    );
  assertEquals(schemas((await subscribe(true, 200)).bodies), ["2025-01-29"]);
  for (const status of [400, 404]) {
    const { result, bodies } = await subscribe(true, status, 200);
    assertEquals(schemas(bodies), ["2025-01-29", "2022-12-13"]);
    assertEquals(result, { status: "subscribed", schemaVersion: "2022-12-13" });
  }
  assertEquals(schemas((await subscribe(true, 403)).bodies), ["2025-01-29"]);
});
