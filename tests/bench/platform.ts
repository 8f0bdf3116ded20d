/**
 * A minimal Lambda platform with little cost of its own: it answers the three calls of an extension's lifecycle and
 * notes when each arrived. It checks nothing; the emulator in tests/emulator does.
 */

export interface Platform extends AsyncDisposable {
  /** For `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** When and how the extension registered. */
  readonly registered: Promise<Registration>;
  /** Where it wants its telemetry. Never settles if it does not subscribe. */
  readonly subscribed: Promise<Subscription>;
  /** The next call for `next` that has not been given out yet, in order of arrival. */
  next(): Promise<NextCall>;
}

export interface Registration {
  /** `performance.now()` at arrival. */
  readonly at: number;
  readonly name: string;
  readonly events: readonly string[];
}

export interface Subscription {
  readonly at: number;
  /** The telemetry URI's port and path, on loopback. */
  readonly url: string;
}

export interface NextCall {
  /** `performance.now()` at arrival. */
  readonly at: number;
  /** Answers the call. */
  reply(event: Readonly<Record<string, unknown>>): void;
}

const IDENTIFIER = "0f1e2d3c-4b5a-4697-8877-665544332211";

/** Starts the platform on a free port of the loopback. */
export function startPlatform(): Platform {
  const registered = Promise.withResolvers<Registration>();
  const subscribed = Promise.withResolvers<Subscription>();
  const calls: NextCall[] = [];
  const waiting: ((call: NextCall) => void)[] = [];

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const at = performance.now();
    const path = request.url.slice(request.url.indexOf("/", 7));
    switch (path) {
      case "/2020-01-01/extension/event/next":
        return await next(at);
      case "/2020-01-01/extension/register": {
        const { events } = await request.json();
        registered.resolve({ at, name: request.headers.get("lambda-extension-name") ?? "", events });
        return Response.json(
          {
            functionName: "bench",
            functionVersion: "$LATEST",
            handler: "index.handler",
            accountId: "123456789012",
          },
          { headers: { "lambda-extension-identifier": IDENTIFIER } },
        );
      }
      case "/2022-07-01/telemetry": {
        const { destination } = await request.json();
        const uri = new URL(destination.URI);
        subscribed.resolve({ at, url: `http://127.0.0.1:${uri.port}${uri.pathname}` });
        return Response.json("OK");
      }
      default:
        return Response.json({ status: "OK" }, { status: 202 });
    }
  });

  function next(at: number): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const call: NextCall = {
      at,
      reply: (event) =>
        resolve(Response.json(event, { headers: { "lambda-extension-event-identifier": IDENTIFIER } })),
    };
    const waiter = waiting.shift();
    if (waiter === undefined) calls.push(call);
    else waiter(call);
    return promise;
  }

  return {
    address: `127.0.0.1:${server.addr.port}`,
    registered: registered.promise,
    subscribed: subscribed.promise,
    next: () => {
      const call = calls.shift();
      return call === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(call);
    },
    [Symbol.asyncDispose]: async () => {
      // An open long poll would keep a graceful end waiting.
      for (const call of calls) call.reply({});
      await server.shutdown();
    },
  };
}

/** An INVOKE that times out in a minute. */
export function invokeEvent(requestId: string): Record<string, unknown> {
  return {
    eventType: "INVOKE",
    deadlineMs: Date.now() + 60_000,
    requestId,
    invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:bench",
    tracing: { type: "X-Amzn-Trace-Id", value: "Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Sampled=1" },
  };
}

/** A SHUTDOWN with Lambda's two seconds. */
export function shutdownEvent(): Record<string, unknown> {
  return { eventType: "SHUTDOWN", shutdownReason: "spindown", deadlineMs: Date.now() + 2000 };
}
