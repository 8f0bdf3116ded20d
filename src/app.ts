import { Hono } from "@hono/hono";
import { STATUS_CODE } from "@std/http/status";
import { TELEMETRY_PATHS } from "./lambda/telemetry_api.ts";
import type { ClientInfo } from "./net/http1_connection.ts";
import type { Receiver } from "./pipeline/receiver.ts";

/** What the server tells about a request besides the request; nothing where there is no server. */
export type ConnectionInfo = Partial<ClientInfo>;

/** What a listener serves. */
export type App = Hono<{ Bindings: ConnectionInfo }>;

const LOOPBACK = "127.0.0.1";

/**
 * The main listener's app: every receiver's routes. All but the telemetry endpoint answer to loopback clients only,
 * since the listener itself must be open to the platform, which posts from outside the loopback range; the telemetry
 * endpoint refuses who cannot be it.
 */
export function createMainApp(receivers: readonly Receiver[]): App {
  const app: App = new Hono({ getPath });
  const platform = createPlatformWatch();
  app.use(async (c, next) => {
    const client = c.env ?? {};
    const isTelemetry = TELEMETRY_PATHS.includes(c.req.path);
    if (!isTelemetry && !isLoopback(hostOf(client.remoteAddr))) {
      return c.text("Cannot serve this path to other hosts\n", STATUS_CODE.Forbidden);
    }
    if (isTelemetry && !platform.mayBe(client)) {
      return c.text("Cannot take telemetry from other hosts than the platform\n", STATUS_CODE.Forbidden);
    }
    await next();
    if (isTelemetry && c.req.method === "POST" && c.res.ok) platform.seen(client);
    return;
  });
  for (const receiver of receivers) mount(app, receiver);
  return app;
}

/** The app of one receiver's own loopback ports: its routes, those of `others`, and a 404 in plain text. */
export function createReceiverApp(receiver: Receiver, others: readonly Receiver[] = []): App {
  const app: App = new Hono({ getPath });
  // First, as a receiver may answer whatever comes to a port of its own.
  for (const other of others) mount(app, other);
  mount(app, receiver);
  return app;
}

/** Tells the platform's requests from others', as far as addresses tell. */
interface PlatformWatch {
  mayBe(client: ConnectionInfo): boolean;
  /** Telemetry of this client was taken. */
  seen(client: ConnectionInfo): void;
}

/**
 * Learns where the platform is: it is the first to post, as the subscription is made before the function's code is
 * started. From then on another host cannot be it, but for link-local ones, by which a sandbox reaches its platform
 * and which may change when it wakes up elsewhere, and whatever comes from loopback, where addresses tell nothing.
 */
function createPlatformWatch(): PlatformWatch {
  let known: string | undefined;
  return {
    mayBe: ({ remoteAddr, localAddr }) => {
      const host = hostOf(remoteAddr);
      if (known === undefined || host === known || isLoopback(host)) return true;
      // A process of this sandbox may come by the sandbox's own address.
      return isLinkLocal(host) && host !== hostOf(localAddr);
    },
    seen: ({ remoteAddr, keep }) => {
      known ??= hostOf(remoteAddr);
      keep?.();
    },
  };
}

/** The path to route by: clients join base and path carelessly, to `//v1/traces` or `/v1/traces/`. */
function getPath(request: Request): string {
  const { url } = request;
  const from = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(from).search(/[?#]/);
  const pathname = url.slice(from, end < 0 ? undefined : from + end);
  return pathname.replace(/^\/{2,}/, "/").replace(/(?<=.)\/+$/, "");
}

function mount(app: App, receiver: Receiver): void {
  if (receiver.app !== undefined) app.route("/", receiver.app);
}

function isLoopback(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

function isLinkLocal(host: string): boolean {
  return host.startsWith("169.254.") || /^fe[89ab][\da-f]:/i.test(host);
}

/**
 * The host, without the form that an IPv4 address has on an IPv6 socket. Who sends by no address (Unix sockets, tests
 * without a socket) is in this sandbox.
 */
function hostOf(address: Deno.Addr | undefined): string {
  if (address === undefined || !("hostname" in address)) return LOOPBACK;
  return address.hostname.replace(/^::ffff:(?=\d+\.)/i, "");
}
