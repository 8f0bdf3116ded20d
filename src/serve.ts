import { describeError, type Logger } from "@std/log";
import { acceptConnections, type Acceptor } from "./net/accept.ts";
import type { ConnectionGroup, ConnectionPool } from "./net/connection_pool.ts";
import { serveHttp1 } from "./net/http1_connection.ts";
import type { ListenAddress, Receiver } from "./pipeline/receiver.ts";
import { type App, createMainApp, createReceiverApp } from "./app.ts";

/** All that listens. Disposal stops intake at once: data already answered for is in the store. */
export interface Servers extends AsyncDisposable {
  /** The port the main listener really got, 0 when none could be had. */
  readonly mainPort: number;
}

export interface ServeOptions {
  readonly main: ListenAddress;
  readonly receivers: readonly Receiver[];
  /** Where all connections have their places. Disposed of with the servers. */
  readonly pool: ConnectionPool;
  readonly log: Logger;
}

/** How long requests under way may go on when the servers are closed. In ms. */
const CLOSE_GRACE_MS = 100;
/** Connections to the main listener, and to all ports of one receiver. Clients have one or two each. */
const MAX_CONNECTIONS = 128;

/**
 * Opens the main listener and every receiver's own ports and sockets. A taken port costs only itself: the main
 * listener moves to any free port, since the platform is told the port anyway; a receiver's port is skipped.
 */
export async function serve(options: ServeOptions): Promise<Servers> {
  const { main, receivers, pool, log } = options;
  const listeners: Acceptor[] = [];
  const sockets: AsyncDisposable[] = [];
  let isClosing = false;

  /** Opens one HTTP listener; `undefined`, and one line in the log, when it cannot be had. */
  function listen(
    app: App,
    address: ListenAddress,
    group: ConnectionGroup,
    name: string,
  ): Acceptor | undefined {
    try {
      const acceptor = acceptConnections(Deno.listen({ ...address }), {
        group,
        serve: (connection, lease) =>
          serveHttp1(connection, {
            lease,
            handle: (request, client) => app.fetch(request, client),
            onError: (error) => log.warn("A request failed", { error: describeError(error) }),
            isClosing: () => isClosing,
          }),
      });
      listeners.push(acceptor);
      return acceptor;
    } catch (error) {
      // A missing ::1 is how half the sandboxes are: not worth a line of the user's log.
      const level = address.hostname === "::1" ? "debug" : "warn";
      log[level](`Port ${address.port} of ${name} is off as it could not be opened`, {
        error: describeError(error),
      });
      return undefined;
    }
  }

  const mainApp = createMainApp(receivers);
  const mainName = "the main listener";
  const mainGroup = pool.group({ name: mainName, max: MAX_CONNECTIONS, privileged: true });
  const listenMain = (port: number): Acceptor | undefined =>
    listen(mainApp, { ...main, port }, mainGroup, mainName);
  const mainListener = listenMain(main.port) ?? (main.port === 0 ? undefined : listenMain(0));

  for (const receiver of receivers) {
    const { name, ports = [] } = receiver;
    if (ports.length === 0) continue;
    const app = createReceiverApp(receiver);
    const group = pool.group({ name, max: MAX_CONNECTIONS });
    for (const address of ports) listen(app, address, group, name);
  }
  await Promise.all(receivers.map(async (receiver) => {
    try {
      const socket = await receiver.listen?.(pool);
      if (socket !== undefined) sockets.push(socket);
    } catch (error) {
      log.warn(`The sockets of ${receiver.name} are off as they could not be opened`, {
        error: describeError(error),
      });
    }
  }));

  return {
    mainPort: portOf(mainListener),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      for (const listener of listeners) listener.stop();
      pool.endIdle();
      await Promise.all(listeners.map((listener) => listener.idle(CLOSE_GRACE_MS)));
      await Promise.allSettled([...listeners, ...sockets].map((socket) => socket[Symbol.asyncDispose]()));
      pool[Symbol.dispose]();
    },
  };
}

function portOf(listener: Acceptor | undefined): number {
  const address = listener?.address;
  return address !== undefined && "port" in address ? address.port : 0;
}
