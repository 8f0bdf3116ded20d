/** Requests of our own servers, against the runtime's `Request` made of the same parts. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Hono } from "@hono/hono";
import fc from "fast-check";
import { type Field, valueOf } from "../../src/header_fields.ts";
import {
  bodyOf,
  type BodySource,
  createServedRequest,
  hasBody,
  requestUrl,
} from "../../src/net/served_request.ts";

const LOCAL: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 9529 };
const encoder = new TextEncoder();

/** A body of these parts; an error breaks it off. */
function bodyFrom(
  parts: readonly (Uint8Array<ArrayBuffer> | Error)[],
): BodySource & { readonly isCancelled: boolean } {
  const left = [...parts];
  let isCancelled = false;
  return {
    read: () => {
      const part = isCancelled ? undefined : left.shift();
      return part instanceof Error ? Promise.reject(part) : Promise.resolve(part);
    },
    cancel: () => void (isCancelled = true),
    get isCancelled() {
      return isCancelled;
    },
  };
}

/** What the runtime makes of it; `undefined` when it takes no such request. */
function runtimeUrl(target: string, authority: string): string | undefined {
  const url = /^https?:\/\//i.test(target)
    ? target
    : `http://${authority}${target.startsWith("/") ? "" : "/"}${target}`;
  try {
    return new Request(url).url;
  } catch {
    return undefined;
  }
}

Deno.test("requestUrl() is what the runtime makes of target and host", () => {
  const hosts = [
    "localhost",
    "127.0.0.1:9529",
    "LOCALHOST:80",
    "sandbox.localdomain:4318",
    "[::1]:8126",
    "0x7f.1",
  ];
  const targets = [
    "/",
    "/awslambda",
    "/v0.4/traces",
    "/v1/write/logging?precision=ms&token=tkn_1,2",
    "//v1/traces",
    "/v1/traces/",
    "/a/../b",
    "/a/./b",
    "/a/%2e%2e/b",
    "/.a/b",
    "/a/..",
    "/a b",
    "/ä?ö",
    "/a?b#c",
    "/a'\"<>?'\"<>",
    "/a\\b",
    "*",
    "http://other:1/x/../y?z",
    "HTTPS://Other/x",
    "http://user:secret@other/",
    "http://",
    "http://:80/",
  ];
  for (const host of hosts) {
    // Twice: the second time its host is known.
    for (const target of [...targets, ...targets]) {
      assertEquals(requestUrl(target, host, LOCAL), runtimeUrl(target, host), `${host} ${target}`);
    }
  }
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(..."/?#&=%.~-_:,;@+*!$'()[]{}|\\^`\"<> aZ09é2eE".split("")),
        maxLength: 24,
      }),
      fc.constantFrom(...hosts),
      (target, host) => assertEquals(requestUrl(`/${target}`, host, LOCAL), runtimeUrl(`/${target}`, host)),
    ),
    { numRuns: 3_000 },
  );
});

Deno.test("requestUrl() names the server itself where the client names no host, and no URL that cannot be", () => {
  for (const host of ["", "no host", "a/b", "user@host", "[::1"]) {
    assertEquals(requestUrl("/x", host, LOCAL), "http://127.0.0.1:9529/x");
  }
  assertEquals(requestUrl("/x", "", { ...LOCAL, hostname: "::1" }), "http://[::1]:9529/x");
  assertEquals(requestUrl("/x", "", { transport: "unix", path: "/tmp/s" }), "http://localhost/x");
  for (const host of ["a:99999", "%zz", "1.2.3.999"]) {
    assertEquals(requestUrl("/x", host, LOCAL), undefined, host);
  }
});

Deno.test("a served request has method and headers as the runtime's has them", () => {
  const fields: readonly Field[] = [
    ["content-type", "text/plain"],
    ["x-tag", "a"],
    ["x-tag", "b, c"],
    ["x-empty", ""],
    ["x-latin", "caf\xe9"],
  ];
  for (const method of ["GET", "get", "Post", "PATCH", "patch", "Options", "head", "DELETE", "purge"]) {
    const request = createServedRequest({ method, url: "http://h/", fields });
    const known = new Request("http://h/", {
      method,
      headers: fields.map(([name, value]): [string, string] => [name, value]),
    });
    assertEquals(request.method, known.method);
    for (const name of ["Content-Type", "X-TAG", "x-empty", "x-latin", "x-none"]) {
      assertEquals([request.headers.get(name), request.headers.has(name)], [
        known.headers.get(name),
        known.headers.has(name),
      ]);
    }
    const shown: string[][] = [];
    request.headers.forEach((value, name) => shown.push([name, value]));
    assertEquals(shown, Array.from(known.headers));
    assertEquals(Array.from(request.headers), fields.map(([name, value]) => [name, value]));
    assertEquals(valueOf(fields, "x-tag"), "a, b, c");
    assertEquals([request.body, hasBody(request), bodyOf(request)], [null, false, null]);
  }
});

Deno.test("a served request's body is text whatever its parts, as a stream too, and breaks off as it does", async () => {
  const text = "\ufeffé€😀 end";
  const bytes = encoder.encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(bytes.slice(at, at + size));
    const request = (): Request =>
      createServedRequest({ method: "POST", url: "http://h/", fields: [], body: bodyFrom(parts) });
    const known = new Request("http://h/", { method: "POST", body: bytes });
    assertEquals(await request().text(), await known.text());
    assertEquals(await request().bytes(), bytes);
    assertEquals(await new Response(request().body).bytes(), bytes);
    assert(hasBody(request()));
  }
  const broken = (): Request =>
    createServedRequest({
      method: "POST",
      url: "http://h/",
      fields: [],
      body: bodyFrom([bytes, new Error("gone")]),
    });
  await assertRejects(() => broken().text(), Error, "gone");
  await assertRejects(() => broken().bytes(), Error, "gone");
  const body = bodyFrom([bytes]);
  await createServedRequest({ method: "POST", url: "http://h/", fields: [], body }).body?.cancel();
  assert(body.isCancelled);
});

Deno.test("bodyOf() reads a request of the runtime's, and ends it", async () => {
  const request = new Request("http://h/", { method: "POST", body: "text" });
  const body = bodyOf(request);
  assert(body !== null && hasBody(request));
  assertEquals(await body.read(), encoder.encode("text"));
  body.cancel();
  assertEquals(await body.read(), undefined);
  const read = new Request("http://h/", { method: "POST", body: "text" });
  await read.text();
  await assertRejects(async () => await bodyOf(read)?.read(), TypeError);
});

Deno.test("Hono takes a served request: path, query, headers and text", async () => {
  const app = new Hono();
  app.post(
    "/v1/:name",
    async (c) =>
      c.json([
        c.req.path,
        c.req.param("name"),
        c.req.query("a") ?? "",
        c.req.header("x-b") ?? "",
        c.req.header(),
        await c.req.text(),
      ]),
  );
  const request = createServedRequest({
    method: "post",
    url: "http://h/v1/x?a=1%202",
    fields: [["x-b", "c"]],
    body: bodyFrom([encoder.encode("te"), encoder.encode("xt")]),
  });
  assertEquals(await (await app.fetch(request)).json(), ["/v1/x", "x", "1 2", "c", { "x-b": "c" }, "text"]);
});
