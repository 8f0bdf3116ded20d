import { assert, assertEquals, assertRejects } from "@std/assert";
import { createRuntimeClient, type RuntimeRequest } from "../../src/lambda/runtime_client.ts";
import { scenario } from "../support/scenario.ts";

const NEXT: RuntimeRequest = { method: "GET", path: "/2020-01-01/extension/event/next", fields: [] };
const REGISTER: RuntimeRequest = {
  method: "POST",
  path: "/2020-01-01/extension/register",
  fields: [["lambda-extension-name", "datakit"]],
  body: '{"ä":1}',
};

/** A server that plays one script a connection: what it says to each request, and how it ends. */
interface Lambda extends AsyncDisposable {
  readonly address: string;
  /** What came, one a connection. */
  readonly heard: string[];
}

/** Each connection gets the next list of answers; after its last one it is closed. "hang" keeps it open. */
function startLambda(...connections: readonly (readonly string[])[]): Lambda {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard: string[] = [];
  const open = new Set<Deno.Conn>();

  async function serve(connection: Deno.Conn, answers: readonly string[], index: number): Promise<void> {
    const buffer = new Uint8Array(4096);
    heard[index] = "";
    for (const answer of answers) {
      const size = await connection.read(buffer);
      if (size === null) break;
      heard[index] += new TextDecoder().decode(buffer.subarray(0, size));
      if (answer === "hang") return void await connection.read(buffer);
      for (const [order, part] of answer.split("|").entries()) {
        if (order > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await connection.write(new TextEncoder().encode(part));
      }
    }
  }

  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for (let index = 0;; index++) {
      const connection = await listener.accept().catch(() => undefined);
      if (connection === undefined) return;
      open.add(connection);
      served.push(
        serve(connection, connections[index] ?? [], index).catch(() => {}).finally(() => {
          if (open.delete(connection)) connection.close();
        }),
      );
    }
  })();
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open) connection.close();
      open.clear();
      await Promise.all([accepting, ...served]);
    },
  };
}

function ok(text: string): string {
  return `HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: id\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

scenario("createRuntimeClient() asks in origin form, all on one connection", async () => {
  await using lambda = startLambda([ok("one"), ok("two"), "hang"]);
  using client = createRuntimeClient(lambda.address);
  await client.connect();
  const first = await client.send(REGISTER);
  assertEquals([first.status, first.text, first.fields[0]], [200, "one", [
    "lambda-extension-identifier",
    "id",
  ]]);
  assertEquals((await client.send(NEXT)).text, "two");
  assertEquals(lambda.heard, [
    "POST /2020-01-01/extension/register HTTP/1.1\r\n" +
    `host: ${lambda.address}\r\nlambda-extension-name: datakit\r\ncontent-length: 8\r\n\r\n{"ä":1}` +
    `GET /2020-01-01/extension/event/next HTTP/1.1\r\nhost: ${lambda.address}\r\n\r\n`,
  ]);
});

scenario("createRuntimeClient() reads answers of every form", async () => {
  const answers: readonly (readonly [answer: string, status: number, text: string])[] = [
    ["HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", 202, ""],
    ["HTTP/1.1 200 OK\r\ntransfer-|encoding: chunked\r\n\r\n3\r\nab|c\r\n0\r\n|\r\n", 200, "abc"],
    ["HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", 403, "no"],
    ["HTTP/1.1 500\r\n\r\nto the end", 500, "to the end"],
    ["HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, "ok"],
    ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", 200, "ok"],
  ];
  for (const [answer, status, text] of answers) {
    await using lambda = startLambda([answer], [ok("next")]);
    using client = createRuntimeClient(lambda.address);
    const got = await client.send(NEXT);
    assertEquals([got.status, got.text], [status, text], answer);
    assertEquals((await client.send(NEXT)).text, "next", answer);
  }
});

scenario(
  "createRuntimeClient() asks again when the kept connection has died, and only what may be asked twice",
  async () => {
    await using lambda = startLambda([ok("one")], [ok("two")]);
    using client = createRuntimeClient(lambda.address);
    await client.send(NEXT);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals((await client.send(NEXT)).text, "two");
    assertEquals(lambda.heard.length, 2);
  },
);

scenario("createRuntimeClient() fails where there is no answer", async () => {
  for (
    const answer of ["no HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "HTTP/1.1 200"]
  ) {
    await using lambda = startLambda([answer]);
    using client = createRuntimeClient(lambda.address);
    await assertRejects(() => client.send(NEXT), Error, undefined, answer);
  }
  await using silent = startLambda([]);
  using client = createRuntimeClient(silent.address);
  await assertRejects(() => client.send(NEXT));
  using nobody = createRuntimeClient("127.0.0.1:1");
  await nobody.connect();
  await assertRejects(() => nobody.send(NEXT));
});

scenario("createRuntimeClient() ends a request whose time is over, and no other", async () => {
  await using lambda = startLambda(["hang"], [ok("fine")]);
  using client = createRuntimeClient(lambda.address);
  const startedAt = performance.now();
  await assertRejects(
    () => client.send({ ...REGISTER, timeoutMs: 50 }),
    DOMException,
    "No answer within 50 ms",
  );
  assert(performance.now() - startedAt < 1_000);
  assertEquals((await client.send({ ...REGISTER, timeoutMs: 5_000 })).text, "fine");
});

scenario("createRuntimeClient() goes to Lambda itself, whatever proxy the customer has set", async () => {
  await using lambda = startLambda([ok("past the proxy")]);
  const nowhere = "http://127.0.0.1:1";
  const script = new URL("./ask_past_proxy.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-check", "--allow-net=127.0.0.1", script, lambda.address],
    env: { HTTP_PROXY: nowhere, http_proxy: nowhere, ALL_PROXY: nowhere, NO_PROXY: "" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "past the proxy");
});
