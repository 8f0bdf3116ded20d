/** The routes of the three APIs on one port. @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
import { Hono } from "@hono/hono";
import type { Generation, Sandbox } from "./generation.ts";
import type { ApiCall } from "./journal.ts";
import { type ApiReply, containerLostReply, errorReply } from "./reply.ts";
import { nowMs } from "./waiters.ts";

/** An app over the sandbox's current generation. */
export function createApi(sandbox: Sandbox): Hono {
  const app = new Hono();
  extensionRoutes(app, sandbox);
  runtimeRoutes(app, sandbox);
  app.get("/2018-06-01/ping", (c) => c.text("pong"));
  app.notFound((c) => c.text("404 page not found\n", 404));
  return app;
}

function extensionRoutes(app: Hono, sandbox: Sandbox): void {
  const base = "/2020-01-01/extension";
  app.post(`${base}/register`, async (c) => {
    const name = c.req.header("Lambda-Extension-Name") ?? "";
    const body = await c.req.text();
    const features = c.req.header("Lambda-Extension-Accept-Feature") ?? "";
    return await answer(
      sandbox,
      "register",
      name,
      (generation) => generation.extensions.register(name, features, body),
    );
  });
  app.get(`${base}/event/next`, (c) => {
    const id = c.req.header("Lambda-Extension-Identifier") ?? null;
    const by = nameOf(sandbox, id);
    return answer(sandbox, "next", by, (generation) => generation.extensions.next(id, c.req.raw.signal));
  });
  for (const kind of ["init", "exit"] as const) {
    app.post(`${base}/${kind}/error`, async (c) => {
      await c.req.text();
      const id = c.req.header("Lambda-Extension-Identifier") ?? null;
      const type = c.req.header("Lambda-Extension-Function-Error-Type") ?? null;
      const report = (generation: Generation): ApiReply => generation.extensions.reportError(kind, id, type);
      return await answer(sandbox, `${kind}/error`, nameOf(sandbox, id), report);
    });
  }
  app.put("/2022-07-01/telemetry", async (c) => {
    const id = c.req.header("Lambda-Extension-Identifier") ?? null;
    const body = await c.req.text();
    return await answer(sandbox, "telemetry", nameOf(sandbox, id), (generation) => {
      const extension = generation.extensions.identify(id);
      return "status" in extension ? extension : generation.telemetry.subscribe(extension.name, body);
    });
  });
}

function runtimeRoutes(app: Hono, sandbox: Sandbox): void {
  const base = "/2018-06-01/runtime";
  app.get(
    `${base}/invocation/next`,
    () => answer(sandbox, "runtime/next", "function", (generation) => generation.runtime.next()),
  );
  for (const kind of ["response", "error"] as const) {
    app.post(`${base}/invocation/:id/${kind}`, (c) => {
      const mode = c.req.header("Lambda-Runtime-Function-Response-Mode");
      return answer(sandbox, `runtime/${kind}`, "function", async (generation) => {
        const id = c.req.param("id");
        const refused = generation.runtime.begin(id, kind);
        if (refused !== undefined) return refused;
        if (mode !== undefined && mode !== "streaming") {
          return errorReply(400, "InvalidFunctionResponseMode", "Invalid function response mode");
        }
        const startedAt = nowMs();
        const errorType = c.req.header("Lambda-Runtime-Function-Error-Type");
        const body = new Uint8Array(await c.req.arrayBuffer());
        return generation.runtime.finish(id, kind, {
          body,
          startedAt,
          ...(errorType === undefined ? {} : { errorType }),
        });
      });
    });
  }
  app.get(
    `${base}/restore/next`,
    () =>
      answer(sandbox, "runtime/restore/next", "function", (generation) => generation.runtime.restoreNext()),
  );
  for (const [phase, method] of [["init", "initError"], ["restore", "restoreError"]] as const) {
    app.post(`${base}/${phase}/error`, async (c) => {
      const type = c.req.header("Lambda-Runtime-Function-Error-Type") ?? "Runtime.Unknown";
      const body = await c.req.text();
      const report = (generation: Generation): ApiReply => generation.runtime[method](type, body);
      return await answer(sandbox, `runtime/${phase}/error`, "function", report);
    });
  }
}

/** Notes the call, asks the current generation, and writes what it says. */
async function answer(
  sandbox: Sandbox,
  call: string,
  by: string,
  ask: (generation: Generation) => ApiReply | undefined | Promise<ApiReply | undefined>,
): Promise<Response> {
  const entry = sandbox.journal.call(call, by);
  const generation = sandbox.generation;
  const reply = generation === undefined ? containerLostReply() : await ask(generation);
  complete(sandbox, entry, reply?.status ?? 0);
  // An error thrown while streaming is how a server closes the socket without an answer.
  if (reply === undefined) return new Response(brokenBody(), { headers: { "Content-Length": "4" } });
  return toResponse(reply);
}

function complete(sandbox: Sandbox, entry: ApiCall, status: number): void {
  entry.status = status;
  entry.tookMs = nowMs() - entry.at;
  const refusal = status === 403 || (status === 400 && entry.call !== "telemetry");
  if (refusal) sandbox.journal.violation(`${entry.by} was answered ${status} to ${entry.call}`);
}

function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.error(new Error("closed by script")) });
}

function toResponse(reply: ApiReply): Response {
  const json = !(reply.body instanceof Uint8Array);
  return new Response(json ? JSON.stringify(reply.body) : new Uint8Array(reply.body), {
    status: reply.status,
    headers: { ...(json ? { "Content-Type": "application/json" } : {}), ...reply.headers },
  });
}

function nameOf(sandbox: Sandbox, id: string | null): string {
  return sandbox.generation?.extensions.list.find((extension) => extension.id === id)?.name ?? "unknown";
}
