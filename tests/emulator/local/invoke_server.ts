/**
 * Takes invocations from other tools: AWS's Invoke API, so that `aws lambda invoke --endpoint-url` and SDKs work, and
 * plain POSTs of an event.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
import type { InvokeResult } from "../invocation.ts";

export interface InvokeServerOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Invokes with the event as it came, and resolves when the caller can be answered. */
  readonly invoke: (payload: string) => Promise<InvokeResult>;
  /** The last lines of an invocation's log, for callers that ask for them. */
  readonly logOf: (requestId: string) => string;
  readonly functionVersion: string;
}

export interface InvokeServer extends AsyncDisposable {
  readonly url: string;
}

const INVOCATIONS = /^\/2015-03-31\/functions\/[^/]+\/invocations\/?$/;
/** What Lambda takes of a synchronous event, in bytes. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
/** What Lambda returns of a log, in bytes. */
const MAX_LOG_BYTES = 4096;

/** Listens on loopback. */
export function startInvokeServer(options: InvokeServerOptions): InvokeServer {
  const closing = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port, signal: closing.signal, onListen: () => {} },
    (request) => answer(request, options),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await server.finished;
    },
  };
}

async function answer(request: Request, options: InvokeServerOptions): Promise<Response> {
  const { pathname } = new URL(request.url);
  // A page of a foreign site can send a plain POST, but not without saying where it is from.
  if (request.headers.has("origin")) return refuse(403, "AccessDeniedException", "No browser may invoke");
  if (request.method !== "POST" || !(INVOCATIONS.test(pathname) || pathname === "/")) {
    return refuse(404, "ResourceNotFoundException", "POST an event to / or to Lambda's Invoke path");
  }
  const payload = await request.text();
  if (new TextEncoder().encode(payload).length > MAX_PAYLOAD_BYTES) {
    return refuse(413, "RequestTooLargeException", `${MAX_PAYLOAD_BYTES} bytes are the most`);
  }
  const event = payload === "" ? "{}" : payload;
  if (!isJson(event)) {
    return refuse(400, "InvalidRequestContentException", "Could not parse request body into json");
  }
  switch (request.headers.get("x-amz-invocation-type") ?? "RequestResponse") {
    case "DryRun":
      return new Response(null, { status: 204 });
    case "Event":
      // What becomes of it, nobody is told; the story is.
      options.invoke(event).catch(() => {});
      return new Response(null, { status: 202 });
    case "RequestResponse":
      return toResponse(await options.invoke(event), request.headers, options);
    default:
      return refuse(
        400,
        "InvalidParameterValueException",
        "Invocation types: RequestResponse, Event, DryRun",
      );
  }
}

function toResponse(result: InvokeResult, asked: Headers, options: InvokeServerOptions): Response {
  const headers = new Headers({
    "Content-Type": "application/json",
    "X-Amzn-RequestId": result.requestId,
    "X-Amz-Executed-Version": options.functionVersion,
  });
  if (result.functionError !== undefined) headers.set("X-Amz-Function-Error", "Unhandled");
  if (asked.get("x-amz-log-type") === "Tail") {
    const log = new TextEncoder().encode(options.logOf(result.requestId));
    headers.set("X-Amz-Log-Result", log.subarray(-MAX_LOG_BYTES).toBase64());
  }
  return new Response(result.response, { headers });
}

function refuse(status: number, type: string, message: string): Response {
  return Response.json({ Type: "User", Message: message }, {
    status,
    headers: { "X-Amzn-ErrorType": type },
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
