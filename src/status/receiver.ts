import { Hono } from "@hono/hono";
import type { Receiver } from "../pipeline/receiver.ts";
import type { StatusParts } from "./build_status.ts";
import type { Status } from "./status.ts";

export const STATUS_PATH = "/status";

/**
 * `GET /status` for loopback clients, on every HTTP port, as a main port that is taken moves to where nobody finds it.
 * What makes the answer is loaded with the first request; `parts` is called for each.
 */
export function createStatusReceiver(parts: () => StatusParts): Receiver {
  const app = new Hono();
  app.get(STATUS_PATH, async (c) => {
    const [{ buildStatus }, { createRedactor }] = await Promise.all([
      import("./build_status.ts"),
      import("../secrets.ts"),
    ]);
    const asked = parts();
    const redact = createRedactor(asked.parsed.secrets);
    const status: Status = buildStatus(asked);
    const text = JSON.stringify(status, (_key, value) => typeof value === "string" ? redact(value) : value);
    return c.body(text, 200, { "content-type": "application/json", "cache-control": "no-store" });
  });
  return { name: "status", app, isEverywhere: true };
}
