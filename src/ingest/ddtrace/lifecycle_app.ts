/** The Lambda lifecycle API that Datadog's libraries call where they believe an extension to be. */
import { Hono } from "@hono/hono";
import { describeError, type Logger } from "@std/log";
import { STATUS_CODE } from "@std/http/status";
import type { BodyLimits } from "../../pipeline/receiver.ts";
import { readBody } from "../body.ts";
import type { TraceIntake } from "./trace_intake.ts";

export interface LifecycleAppOptions {
  readonly intake: () => Promise<TraceIntake>;
  /** Has {@link intake} ready for the first start; returns at once. */
  readonly prepare: () => void;
  readonly limits: BodyLimits;
  readonly log: Logger;
  /** Asks for a flush; returns at once. */
  readonly requestFlush?: (() => void) | undefined;
}

/** Lambda's largest payload, and a little more for the envelope. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 64 * 1024;

/** The routes of port 8124. Whatever is wrong, the answer is a success: a library must not fail the function. */
export function createLifecycleApp(options: LifecycleAppOptions): Hono {
  const { intake, log } = options;
  const limits: BodyLimits = {
    ...options.limits,
    maxWireBytes: MAX_PAYLOAD_BYTES,
    maxInflatedBytes: MAX_PAYLOAD_BYTES,
  };
  const app = new Hono();

  /** The body; empty where it cannot be read, as the call counts all the same. */
  async function body(request: Request): Promise<Uint8Array> {
    const result = await readBody(request, limits);
    if (result.ok) return result.bytes;
    log.debug("A lifecycle call's body was ignored", { error: result.error });
    return new Uint8Array(0);
  }

  app.all("/lambda/hello", async (c) => {
    await body(c.req.raw);
    // Libraries say it as they are loaded; the first invocation will wait for what comes next.
    options.prepare();
    return c.json({});
  });
  app.all("/lambda/start-invocation", async (c) => {
    const event = await body(c.req.raw);
    const headers = await (await intake()).startInvocation(c.req.raw.headers, event);
    return c.json({}, STATUS_CODE.OK, headers);
  });
  app.all("/lambda/end-invocation", async (c) => {
    const result = await body(c.req.raw);
    (await intake()).endInvocation(c.req.raw.headers, result);
    return c.json({});
  });
  app.all("/lambda/flush", async (c) => {
    await body(c.req.raw);
    options.requestFlush?.();
    return c.json({});
  });
  app.onError((error, c) => {
    log.warn("A lifecycle call failed; its invocation span may be missing", { error: describeError(error) });
    return c.json({});
  });
  return app;
}
