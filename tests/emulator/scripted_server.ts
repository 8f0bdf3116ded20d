/**
 * What every double of a receiver is made of, be it Dataway, an OTLP server or any back end: a server over loopback
 * that reads requests as its owner tells it, and answers by a script.
 */
import { linkSignals } from "../../src/pipeline/deadline.ts";
import { type RawAnswer, type RawRequest, serveRaw } from "./raw_http.ts";

/**
 * What one request gets: a status; `hang`: nothing, ever; `reset`: the connection closed; `drip`: status 200 and a
 * body that never ends; a `flood` of what never ends, at full speed. `delayMs` comes before the answer.
 */
export type ReplyStep = number | ReplyDetails | "hang" | "reset" | "drip" | Flood;

/** Interim answers (`100 Continue`), headers behind a status of 200, or a body behind its head. */
export type Flood = "flood of interim answers" | "flood of headers" | "flood of body";

export interface ReplyDetails {
  readonly status: number;
  /** Value of `Retry-After`. */
  readonly retryAfter?: string | number;
  /** @default none on success, else an error in Dataway's form */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

/** PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface ScriptedServerOptions {
  /** @default 0 (any free port) */
  readonly port?: number;
  /** Serves TLS. @default plain HTTP */
  readonly tls?: TlsIdentity | undefined;
  /** Reads a request, keeps what is wanted of it, and says what it gets. What it throws closes the connection. */
  readonly receive: (request: RawRequest, script: Script) => Reception;
}

/** What the next requests get. */
export interface Script {
  /** Takes the next step. `points` is what a function given to {@link ScriptedServer.otherwise} decides by. */
  next(points?: number): ReplyStep;
}

export interface Reception {
  readonly step: ReplyStep;
  /** Told when the request is over: whether its sender was still there for the answer. May not throw. */
  readonly over?: (answered: boolean) => void;
}

/** What a test does to a receiver. */
export interface ScriptControls {
  /** Appends steps for the next requests, one each. */
  reply(...steps: readonly ReplyStep[]): void;
  /** What requests get for which there is no step, or what decides it. @default 200 */
  otherwise(step: ReplyStep | ((points: number) => ReplyStep)): void;
  /** Takes back the steps not used yet. */
  clearReplies(): void;
  /** Stops listening and closes every connection: from now on connections are refused. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): void;
  /** Whatever comes over connections open now gets no answer, as when a NAT gateway has forgotten them. */
  forgetConnections(): void;
  /** Closes the connections whose requests wait in a `hang` or a delay. */
  resetWaiting(): void;
}

export interface ScriptedServer extends ScriptControls, AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port`, or with `https:`. */
  readonly origin: string;
}

/** The status that a step answers with; 0 for none. */
export function statusOf(step: ReplyStep): number {
  if (typeof step === "object") return step.status;
  if (typeof step === "number") return step;
  return step === "drip" || step === "flood of body" ? 200 : 0;
}

/** Starts one on loopback. */
export function startScriptedServer(options: ScriptedServerOptions): ScriptedServer {
  const { port = 0, tls, receive } = options;
  const listener = listen(port);
  const at = (listener.addr as Deno.NetAddr).port;
  const steps: ReplyStep[] = [];
  let usual = (_points: number): ReplyStep => 200;
  const script: Script = { next: (points = 0) => steps.shift() ?? usual(points) };
  /** Aborted to end what waits in an answer. */
  let waiting = new AbortController();
  let connections = 0;
  let forgotten = 0;

  function listen(port: number): Deno.Listener {
    const address = { hostname: "127.0.0.1", port };
    return tls === undefined ? Deno.listen(address) : Deno.listenTls({ ...address, ...tls });
  }

  async function answer(request: RawRequest): Promise<RawAnswer> {
    using either = linkSignals(waiting.signal, request.gone);
    const { signal } = either;
    if (request.connection <= forgotten) {
      await untilAborted(signal);
      return { kind: "reset" };
    }
    const { step, over } = receive(request, script);
    const details = typeof step === "object" ? step : { status: typeof step === "number" ? step : 0 };
    if (step === "hang") await untilAborted(signal);
    if (details.delayMs !== undefined) await delay(details.delayMs, signal);
    over?.(!signal.aborted && details.status !== 0);
    if (step === "reset") return { kind: "reset" };
    if (step === "drip") return { kind: "drip" };
    if (isFlood(step)) return { kind: "flood", ...FLOODS[step] };
    return signal.aborted ? { kind: "reset" } : toAnswer(details);
  }

  function resetWaiting(): void {
    waiting.abort();
    waiting = new AbortController();
  }

  let server: AsyncDisposable | undefined = serveRaw(listener, answer, () => ++connections);
  const down = async (): Promise<void> => {
    const closed = server;
    server = undefined;
    waiting.abort();
    await closed?.[Symbol.asyncDispose]();
    waiting = new AbortController();
  };
  return {
    port: at,
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${at}`,
    reply: (...more) => void steps.push(...more),
    otherwise: (step) => void (usual = typeof step === "function" ? step : () => step),
    clearReplies: () => void (steps.length = 0),
    down,
    up: () => void (server ??= serveRaw(listen(at), answer, () => ++connections)),
    forgetConnections: () => void (forgotten = connections),
    resetWaiting,
    [Symbol.asyncDispose]: down,
  };
}

const FLOODS: Readonly<Record<Flood, { readonly start: string; readonly more: string }>> = {
  "flood of interim answers": { start: "", more: "HTTP/1.1 100 Continue\r\n\r\n" },
  "flood of headers": { start: "HTTP/1.1 200 OK\r\n", more: "x-header: value\r\n" },
  "flood of body": { start: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", more: "4\r\nbody\r\n" },
};

function isFlood(step: ReplyStep): step is Flood {
  return typeof step === "string" && Object.hasOwn(FLOODS, step);
}

function toAnswer({ status, retryAfter, body, headers }: ReplyDetails): RawAnswer {
  const all = new Headers(headers);
  if (retryAfter !== undefined) all.set("retry-after", String(retryAfter));
  return {
    kind: "respond",
    status,
    headers: all,
    body: body ?? (status < 300 ? "" : `{"error_code":"test.${status}"}`),
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
