/**
 * Serves the page and what it shows, to this machine only: a page of another site must neither read it (`Host` is
 * checked, against DNS rebinding, and no CORS header is sent) nor steer it (a POST needs a header that no form can
 * set, and an `Origin` that is ours, if it has one).
 */
import { eventStream } from "./event_stream.ts";
import type { PageFile } from "./page_file.ts";
import type { Recorder } from "./recorder.ts";
import { type ControlRequest, DATAWAY_MODES, type DatawayMode } from "./state.ts";

/** What the page can do to the emulator. The effects come back as events. */
export interface PageControls {
  invoke(event?: unknown): Promise<unknown>;
  dataway(mode: DatawayMode): Promise<void>;
  arm(fault: "timeout" | "crash", on: boolean): void;
  freeze(ms: number): Promise<void>;
  kill(): unknown;
  restore(): Promise<void>;
}

export interface PageServerOptions {
  readonly recorder: Recorder;
  readonly page: PageFile;
  /** @default the first free one from 9080 on */
  readonly port?: number;
}

export interface PageServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:9080/`. */
  readonly url: string;
  /** From now on commands are carried out; before, they are answered 503. */
  control(controls: PageControls): void;
}

const FIRST_PORT = 9080;
const PORTS = 20;
/** What Lambda takes as an event, in bytes. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;
/** Longest freeze that can be asked for, in ms. */
const MAX_FREEZE_MS = 3_600_000;

/** Listens on loopback. */
export function startPageServer(options: PageServerOptions): PageServer {
  const { recorder, page } = options;
  const closing = new AbortController();
  let controls: PageControls | undefined;
  let waiting = 0;

  function handle(request: Request, port: number): Response | Promise<Response> {
    if (!isOurHost(request.headers.get("host"), port)) return refuse(403, "this host is not served");
    const { pathname } = new URL(request.url);
    if (pathname === "/api/invoke" || pathname === "/api/control") return command(request, pathname, port);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refuse(405, "use GET", { allow: "GET" });
    }
    if (pathname === "/") return new Response(page.html, { headers: page.headers });
    if (pathname === "/api/state") return json(recorder.log.state(), { etag: `"${recorder.log.head.seq}"` });
    if (pathname === "/api/events") return eventStream(recorder.log, request, closing.signal);
    if (pathname === "/api/search") {
      return json(recorder.search(new URL(request.url).searchParams.get("q") ?? ""));
    }
    const n = /^\/api\/invocations\/(\d{1,9})$/.exec(pathname)?.[1];
    const detail = n === undefined ? undefined : recorder.detail(Number(n));
    return detail === undefined ? refuse(404, "there is no such thing") : json(detail);
  }

  async function command(request: Request, path: string, port: number): Promise<Response> {
    const refusal = refuseCommand(request, port);
    if (refusal !== undefined) return refusal;
    if (controls === undefined) return refuse(503, "the emulator is not ready");
    const body = await readJson(request);
    if (body === undefined) return refuse(400, "the body is no JSON object, or too large");
    if (path === "/api/invoke") return invoke(controls, body);
    const asked = parseControl(body);
    if (asked === undefined) return refuse(400, "there is no such command");
    follow(carryOut(controls, asked));
    return accepted({});
  }

  function invoke(able: PageControls, body: object): Response {
    const n = recorder.log.rows("invocation").length + ++waiting;
    const event: unknown = "event" in body ? body.event : {};
    follow(able.invoke(event).finally(() => waiting--));
    return accepted({ n });
  }

  /** Commands take their time; one that fails is told on the page. */
  function follow(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      recorder.log.patch({ error: error instanceof Error ? error.message : String(error) });
    });
  }

  const server = listen(options.port, closing.signal, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    control: (able) => void (controls = able),
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort();
      await server.finished;
    },
  };
}

/** A port that was asked for must be had; else any will do. */
function listen(
  port: number | undefined,
  signal: AbortSignal,
  handle: (request: Request, port: number) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const serve = (chosen: number): Deno.HttpServer<Deno.NetAddr> => {
    const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
      { hostname: "127.0.0.1", port: chosen, signal, onListen: () => {} },
      (request) => handle(request, server.addr.port),
    );
    return server;
  };
  if (port !== undefined) {
    try {
      return serve(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new RangeError(`Cannot serve the page as port ${port} is taken`, { cause: error });
    }
  }
  for (let candidate = FIRST_PORT; candidate < FIRST_PORT + PORTS; candidate++) {
    try {
      return serve(candidate);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return serve(0);
}

function isOurHost(host: string | null, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

function refuseCommand({ method, headers }: Request, port: number): Response | undefined {
  if (method !== "POST") return refuse(405, "use POST", { allow: "POST" });
  if (headers.get("x-emulator") !== "1") return refuse(403, "the header X-Emulator: 1 is missing");
  const type = headers.get("content-type")?.split(";")[0]?.trim();
  if (type !== "application/json") return refuse(403, "the content type must be application/json");
  const origin = headers.get("origin");
  if (origin === null || isOurHost(origin.replace(/^http:\/\//, ""), port)) return undefined;
  return refuse(403, "another site may not do this");
}

async function readJson(request: Request): Promise<object | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) return undefined;
  const text = await request.text();
  if (text.length > MAX_BODY_BYTES) return undefined;
  try {
    const body: unknown = JSON.parse(text === "" ? "{}" : text);
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

function parseControl(body: object): ControlRequest | undefined {
  const read = (key: string): unknown => Reflect.get(body, key);
  const what = read("do");
  const mode = DATAWAY_MODES.find((known) => known === read("mode"));
  const ms = read("ms");
  const on = read("on");
  if (what === "dataway" && mode !== undefined) return { do: what, mode };
  if ((what === "timeout" || what === "crash") && typeof on === "boolean") return { do: what, on };
  if (what === "freeze" && typeof ms === "number" && ms > 0 && ms <= MAX_FREEZE_MS) return { do: what, ms };
  return what === "kill" || what === "restore" ? { do: what } : undefined;
}

async function carryOut(controls: PageControls, asked: ControlRequest): Promise<void> {
  switch (asked.do) {
    case "dataway":
      return await controls.dataway(asked.mode);
    case "timeout":
    case "crash":
      return controls.arm(asked.do, asked.on);
    case "freeze":
      return await controls.freeze(asked.ms);
    case "kill":
      return void await controls.kill();
    case "restore":
      return await controls.restore();
    default:
      asked satisfies never;
  }
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(value, { headers: { "cache-control": "no-store", ...headers } });
}

function accepted(value: unknown): Response {
  return Response.json(value, { status: 202 });
}

function refuse(status: number, why: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${why}\n`, { status, headers: { "content-type": "text/plain", ...headers } });
}
