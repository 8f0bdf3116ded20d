/**
 * The routes of port 8126. The method is never checked, as the agent does not: tracers use PUT and POST.
 */
import { type Context, Hono } from "@hono/hono";
import { describeError } from "@std/log";
import { STATUS_CODE } from "@std/http/status";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { bodyTurn, readBody, releaseBody } from "../body.ts";
import { type BodyResult, refusalOf } from "../body_result.ts";
import { createAgentInfo } from "./agent_info.ts";
import { remoteIp } from "./remote_ip.ts";
import {
  CONFIG_PATH,
  INFO_PATH,
  OLD_STATSD_PATH,
  SERVICES_PATHS,
  STATSD_PATH,
  TRACE_VERSIONS,
  tracesPath,
  UNKEPT_PATHS,
} from "./routes.ts";
import type { TraceIntake } from "./trace_intake.ts";

export interface AgentAppOptions extends ReceiverContext {
  readonly intake: () => Promise<TraceIntake>;
  readonly statsd: ((lines: Uint8Array) => Promise<void>) | undefined;
}

/** Sampling rates by service: all of everything, since the user samples by our settings. Node and .NET insist on it. */
const RATES = '{"rate_by_service":{"service:,env:":1}}';
/** The trace agent's app. Each reply comes after the whole body was read, and tells our state. */
export function createAgentApp(options: AgentAppOptions): Hono {
  const { limits, refuse, log, intake, statsd } = options;
  const info = createAgentInfo(limits.maxWireBytes);
  const app = new Hono();

  async function reply(
    text: string,
    status: number = STATUS_CODE.OK,
    type = "text/plain",
  ): Promise<Response> {
    return new Response(text, { status, headers: { ...await info.headers(), "content-type": type } });
  }

  const replyJson = (text: string): Promise<Response> => reply(text, STATUS_CODE.OK, "application/json");

  function route(path: string, answer: (c: Context, body: BodyResult) => Promise<Response>): void {
    app.all(path, async (c) => {
      await bodyTurn(c.req.raw);
      const body = await readBody(c.req.raw, limits);
      // A page in a browser may post anywhere; a tracer never looks like one.
      if (c.req.header("sec-fetch-site") === "cross-site") {
        return await reply("Cannot serve cross-site requests\n", STATUS_CODE.Forbidden);
      }
      return await answer(c, body);
    });
  }

  for (const version of TRACE_VERSIONS) {
    route(tracesPath(version), async (c, body) => {
      if (!body.ok) {
        refuse(refusalOf(body), traceCount(c));
        // A body cut short by a freeze is sent again.
        log.debug("A trace payload's body could not be read", { error: body.error });
        return await reply(
          body.status === STATUS_CODE.ContentTooLarge ? "payload-too-large" : body.error,
          body.status,
        );
      }
      const error = await (await intake()).take({
        version,
        bytes: body.bytes,
        remoteIp: remoteIp(c.req.raw.headers, c.env),
        language: c.req.header("datadog-meta-lang") ?? "",
        tracerVersion: c.req.header("datadog-meta-tracer-version") ?? "",
      });
      releaseBody(c.req.raw, body.bytes);
      if (error !== undefined) {
        log.error("A trace payload could not be read to its end", { version, error });
        return await reply(`${error}\n`, STATUS_CODE.BadRequest);
      }
      return version === "v0.3" ? await reply("OK\n") : await replyJson(RATES);
    });
  }
  route(INFO_PATH, () => replyJson(info.body()));
  route(CONFIG_PATH, () => replyJson("{}"));
  for (const path of SERVICES_PATHS) route(path, () => reply("OK\n"));
  for (const path of [OLD_STATSD_PATH, STATSD_PATH]) {
    route(path, async (_c, body) => {
      if (!body.ok) {
        refuse(refusalOf(body));
        return await reply(`${body.error}\n`, body.status);
      }
      if (statsd === undefined) refuse("unsupported");
      else await statsd(body.bytes);
      return await reply("");
    });
  }
  for (const path of UNKEPT_PATHS) {
    route(path, (_c, body) => {
      if (!body.ok || body.bytes.length > 0) refuse("unsupported");
      return reply("");
    });
  }
  app.onError(async (error) => {
    refuse("malformed");
    log.error("A request of a tracer failed", { error: describeError(error) });
    return await reply(
      "Cannot take this request as it met an unexpected failure\n",
      STATUS_CODE.InternalServerError,
    );
  });
  return app;
}

/** Traces that a payload which cannot be read says it has. */
function traceCount(c: Context): number {
  const header = c.req.header("x-datadog-trace-count") ?? "";
  return /^\d{1,6}$/.test(header) ? Math.max(1, Number(header)) : 1;
}
