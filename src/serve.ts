import { describeError, type Logger } from "@std/log";
import type { Hono } from "@hono/hono";
import type { ListenAddress, Receiver } from "./pipeline/receiver.ts";
import { createMainApp, createReceiverApp } from "./app.ts";

/** All that listens. Disposal stops intake at once: data already answered for is in the store. */
export interface Servers extends AsyncDisposable {
  /** The port the main listener really got, 0 when none could be had. */
  readonly mainPort: number;
}

export interface ServeOptions {
  readonly main: ListenAddress;
  readonly receivers: readonly Receiver[];
  readonly log: Logger;
}

/** An open HTTP listener, what cuts its connections, and requests under way. */
interface Listener {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly cut: AbortController;
  readonly underway: ReadonlySet<Promise<Response>>;
}

/** How long requests under way may go on when the servers are closed. In ms. */
const CLOSE_GRACE_MS = 100;

/**
 * Opens the main listener and every receiver's own ports and sockets. A taken port costs only itself: the main
 * listener moves to any free port, since the platform is told the port anyway; a receiver's port is skipped.
 */
export async function serve(options: ServeOptions): Promise<Servers> {
  const { main, receivers, log } = options;
  const servers: Listener[] = [];
  const sockets: AsyncDisposable[] = [];

  const mainApp = createMainApp(receivers);
  let mainServer = listen(mainApp, main, log);
  if (mainServer === undefined && main.port !== 0) mainServer = listen(mainApp, { ...main, port: 0 }, log);
  if (mainServer !== undefined) servers.push(mainServer);

  for (const receiver of receivers) {
    const ports = receiver.ports ?? [];
    if (ports.length === 0) continue;
    const app = createReceiverApp(receiver);
    for (const address of ports) {
      const server = listen(app, address, log, receiver.name);
      if (server !== undefined) servers.push(server);
    }
  }
  await Promise.all(receivers.map(async (receiver) => {
    try {
      const socket = await receiver.listen?.();
      if (socket !== undefined) sockets.push(socket);
    } catch (error) {
      log.warn(`The sockets of ${receiver.name} are off as they could not be opened`, {
        error: describeError(error),
      });
    }
  }));

  return {
    mainPort: mainServer?.server.addr.port ?? 0,
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([
        ...servers.map(close),
        ...sockets.map((socket) => socket[Symbol.asyncDispose]()),
      ]);
    },
  };
}

/** Opens one HTTP listener; `undefined`, and one line in the log, when it cannot be had. */
function listen(
  app: Hono,
  address: ListenAddress,
  log: Logger,
  receiver = "the main listener",
): Listener | undefined {
  const cut = new AbortController();
  const underway = new Set<Promise<Response>>();
  try {
    const server = Deno.serve(
      {
        ...address,
        signal: cut.signal,
        onListen: () => {},
        onError: (error) => {
          log.warn("A request failed", { error: describeError(error) });
          return new Response(null, { status: 500 });
        },
      },
      (request, info) => {
        const response = Promise.resolve(app.fetch(request, info));
        underway.add(response);
        return response.finally(() => underway.delete(response));
      },
    );
    return { server, cut, underway };
  } catch (error) {
    // A missing ::1 is how half the sandboxes are: not worth a line of the user's log.
    const level = address.hostname === "::1" ? "debug" : "warn";
    log[level](`Port ${address.port} of ${receiver} is off as it could not be opened`, {
      error: describeError(error),
    });
    return undefined;
  }
}

/** Waits a moment for requests under way; a graceful end of the server's would wait for connections without any. */
async function close({ server, cut, underway }: Listener): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => void (timer = setTimeout(resolve, CLOSE_GRACE_MS)));
  await Promise.race([Promise.allSettled(underway), grace]);
  clearTimeout(timer);
  // The last answers are on their way out in the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  cut.abort();
  await server.finished;
}
