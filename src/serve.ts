import { STATUS_CODE } from "@std/http/status";
import { describeError, type Logger } from "@std/log";
import { type Admission, admit } from "./net/admission.ts";
import { acceptConnections, type Acceptor } from "./net/accept.ts";
import type { ConnectionGroup, ConnectionPool } from "./net/connection_pool.ts";
import type { RequestHandler } from "./net/http1_connection.ts";
import { type CallHandler, serveHttp } from "./net/http_connection.ts";
import { mainAddresses } from "./net/main_addresses.ts";
import { hasBody } from "./net/served_request.ts";
import type { Sockets } from "./net/sockets.ts";
import type { ListenAddress, Receiver } from "./pipeline/receiver.ts";
import { tellingCalls, tellingRequests } from "./refusals.ts";
import { type App, createMainApp, createReceiverApp } from "./app.ts";

/** All that listens. Disposal stops intake at once: data already answered for is in the store. */
export interface Servers extends AsyncDisposable {
  /** The port the main listener really got, 0 when none could be had. */
  readonly mainPort: number;
}

export interface ServeOptions {
  readonly main: ListenAddress;
  readonly receivers: readonly Receiver[];
  /** Bound ahead or not. What nobody serves is closed. */
  readonly sockets: Sockets;
  /** Where all connections have their places. Disposed of with the servers. */
  readonly pool: ConnectionPool;
  /** What the bodies of all requests have their room in. */
  readonly admission: Admission;
  readonly log: Logger;
}

/** What a listener serves. */
interface Served {
  /** As the log calls it. */
  readonly name: string;
  readonly app: App;
  readonly calls: CallHandler | undefined;
}

/** How long requests under way may go on when the servers are closed. In ms. */
const CLOSE_GRACE_MS = 100;
/** For a client that there was no room for. In seconds. */
const RETRY_AFTER_S = "1";
/** Connections to the main listener, and to all ports of one receiver. Clients have one or two each. */
const MAX_CONNECTIONS = 128;

/**
 * Opens the main listener and every receiver's own ports and sockets. A taken port costs only itself: the main
 * listener moves to any free port, since the platform is told the port anyway; a receiver's port is skipped.
 */
export async function serve(options: ServeOptions): Promise<Servers> {
  const { main, receivers, sockets, pool, admission, log } = options;
  const listeners: Acceptor[] = [];
  const others: AsyncDisposable[] = [];
  let isClosing = false;

  /**
   * Opens one HTTP listener at the first of `addresses` that can be had; `undefined` when none can. Where it is not the
   * first, one line in the log says why.
   */
  function listen(
    served: Served,
    addresses: readonly ListenAddress[],
    group: ConnectionGroup,
  ): Acceptor | undefined {
    const { app, calls, name } = served;
    const handle = tellingRequests(admittedRequests(app, admission), name, log);
    const tellingOf = calls === undefined
      ? undefined
      : tellingCalls(admittedCalls(calls, admission), name, log);
    const open = (address: ListenAddress): Acceptor =>
      acceptConnections(sockets.tcp(address), {
        group,
        serve: (connection, lease) =>
          serveHttp(connection, {
            lease,
            calls: tellingOf,
            handle,
            onError: (error) => log.warn("A request failed", { error: describeError(error) }),
            isClosing: () => isClosing,
          }),
      });
    let failed: { readonly address: ListenAddress; readonly error: unknown } | undefined;
    let opened: Acceptor | undefined;
    for (const address of addresses) {
      try {
        opened = open(address);
        listeners.push(opened);
        break;
      } catch (error) {
        failed ??= { address, error };
      }
    }
    if (failed !== undefined) tellFailure(name, failed.address, failed.error, opened);
    return opened;
  }

  function tellFailure(
    name: string,
    { hostname, port }: ListenAddress,
    error: unknown,
    instead: Acceptor | undefined,
  ): void {
    // A missing ::1 is how half the sandboxes are: not worth a line of the user's log.
    log[hostname === "::1" ? "debug" : "warn"](`Port ${port} of ${name} is off as it could not be opened`, {
      error: describeError(error),
      ...(instead === undefined ? {} : { usedInstead: portOf(instead) }),
    });
  }

  const mainServed: Served = {
    name: "the main listener",
    app: createMainApp(receivers),
    calls: receivers.find(({ calls }) => calls !== undefined)?.calls,
  };
  const mainGroup = pool.group({ name: mainServed.name, max: MAX_CONNECTIONS, privileged: true });
  const mainListener = listen(mainServed, mainAddresses(main), mainGroup);

  const everywhere = receivers.filter(({ isEverywhere }) => isEverywhere === true);
  for (const receiver of receivers) {
    const { name, ports = [] } = receiver;
    if (ports.length === 0) continue;
    const served: Served = { name, app: createReceiverApp(receiver, everywhere), calls: receiver.calls };
    const group = pool.group({ name, max: MAX_CONNECTIONS });
    for (const address of ports) listen(served, [address], group);
  }
  await Promise.all(receivers.map(async (receiver) => {
    try {
      const opened = await receiver.listen?.({ pool, sockets });
      if (opened !== undefined) others.push(opened);
    } catch (error) {
      log.warn(`The sockets of ${receiver.name} are off as they could not be opened`, {
        error: describeError(error),
      });
    }
  }));

  sockets[Symbol.dispose]();

  return {
    mainPort: portOf(mainListener),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      for (const listener of listeners) listener.stop();
      pool.endIdle();
      await Promise.all(listeners.map((listener) => listener.idle(CLOSE_GRACE_MS)));
      await Promise.allSettled([...listeners, ...others].map((other) => other[Symbol.asyncDispose]()));
      pool[Symbol.dispose]();
    },
  };
}

/** What an app answers to requests whose bodies take part in the budget. */
function admittedRequests(app: App, admission: Admission): RequestHandler {
  return async (request, client) =>
    withRetryAfter(
      await admit(admission, hasBody(request) ? request : null, () => app.fetch(request, client)),
    );
}

/** Calls whose messages take part in it. */
export function admittedCalls(calls: CallHandler, admission: Admission): CallHandler {
  return {
    takes: (head) => calls.takes(head),
    handle: (call) => admit(admission, call, () => calls.handle(call)),
  };
}

/** A client that is refused as there is no room is told when to come again, whatever the protocol. */
function withRetryAfter(response: Response): Response {
  if (response.status === STATUS_CODE.ServiceUnavailable) response.headers.set("retry-after", RETRY_AFTER_S);
  return response;
}

function portOf(listener: Acceptor | undefined): number {
  const address = listener?.address;
  return address !== undefined && "port" in address ? address.port : 0;
}
