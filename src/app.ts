import { Hono } from "@hono/hono";
import { STATUS_CODE } from "@std/http/status";
import type { Receiver } from "./pipeline/receiver.ts";

/** What the server tells about a request besides the request: who sent it. Handed to Hono as its environment. */
export interface ConnectionInfo {
  readonly remoteAddr: Deno.Addr;
}

/** The paths that anyone may reach: the platform posts telemetry from outside the loopback range. */
const PUBLIC_PATHS: readonly string[] = ["/awslambda", "/"];

/**
 * The main listener's app: every receiver's routes. All but the telemetry endpoint answer to loopback clients
 * only, since the listener itself must be open to the platform.
 */
export function createMainApp(receivers: readonly Receiver[]): Hono {
  const app = new Hono({ getPath });
  app.use(async (c, next) => {
    if (PUBLIC_PATHS.includes(c.req.path) || isLoopback(c.env)) return await next();
    return c.text("Cannot serve this path to other hosts\n", STATUS_CODE.Forbidden);
  });
  for (const receiver of receivers) mount(app, receiver);
  return app;
}

/** The app of one receiver's own loopback ports: its routes and a 404 in plain text. */
export function createReceiverApp(receiver: Receiver): Hono {
  const app = new Hono({ getPath });
  mount(app, receiver);
  return app;
}

/** The path to route by: clients join base and path carelessly, to `//v1/traces` or `/v1/traces/`. */
function getPath(request: Request): string {
  const { pathname } = new URL(request.url);
  return pathname.replace(/^\/{2,}/, "/").replace(/(?<=.)\/+$/, "");
}

function mount(app: Hono, receiver: Receiver): void {
  if (receiver.app !== undefined) app.route("/", receiver.app);
}

/** Whether a connection comes from this sandbox. Unknown ones (Unix sockets, tests without a socket) do. */
function isLoopback(info: unknown): boolean {
  const address = remoteHostname(info);
  return address === undefined || address === "::1" || /^(::ffff:)?127\./.test(address);
}

function remoteHostname(info: unknown): string | undefined {
  if (typeof info !== "object" || info === null || !("remoteAddr" in info)) return undefined;
  const { remoteAddr } = info;
  if (typeof remoteAddr !== "object" || remoteAddr === null || !("hostname" in remoteAddr)) return undefined;
  return typeof remoteAddr.hostname === "string" ? remoteAddr.hostname : undefined;
}
