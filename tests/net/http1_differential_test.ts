/**
 * The same bytes to us, to hyper (which `Deno.serve` is made of) and to llhttp (which Node.js is): whatever both of
 * them take as the same request, we take as the same too; whatever we take, none of them takes for another.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { listenHttp } from "../support/http_listener.ts";
import { scenario } from "../support/scenario.ts";
import { exchange } from "./raw_client.ts";

/** What a server made of some bytes: each request it took, and then perhaps a status that refuses. */
type Reading = readonly string[];

const REFUSED = "refused";

interface Server extends AsyncDisposable {
  readonly port: number;
}

/** What the handlers of all three answer: method, path, fields of ours, body. */
function describe(method: string, path: string, x: string, body: string): string {
  return JSON.stringify([method, path, x, body]);
}

async function describeRequest(request: Request): Promise<Response> {
  try {
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    return new Response(describe(request.method, pathname + search, request.headers.get("x") ?? "", body));
  } catch {
    return new Response(null, { status: 400 });
  }
}

function startHyper(): Server {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, describeRequest);
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

const NODE_SERVER = `
const server = require("node:http").createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    if (!URL.canParse(request.url, "http://x")) return response.writeHead(400).end();
    const { pathname, search } = new URL(request.url, "http://x");
    const body = ["GET", "HEAD"].includes(request.method) ? "" : Buffer.concat(parts).toString();
    response.end(JSON.stringify([request.method, pathname + search, request.headers.x ?? "", body]));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
`;

async function startNode(): Promise<Server> {
  const process = new Deno.Command("node", {
    args: ["-e", NODE_SERVER],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  assert(port > 0);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await process.stdin.close();
      await reader.cancel();
      await process.status;
    },
  };
}

async function read(port: number, text: string): Promise<Reading> {
  const { answers } = await exchange(port, [text], { halfClose: true, patienceMs: 1_000 });
  // Refusals differ in their words and in the status.
  return answers.filter(({ status }) => status !== 100)
    .map(({ status, body }) => status === 200 ? body : REFUSED);
}

const field = fc.oneof(
  fc.tuple(fc.constantFrom("x", "X", "accept"), fc.constantFrom("a", "", " a\tb ", "a,b", "\u00e9")),
  fc.tuple(fc.constant("connection"), fc.constantFrom("keep-alive", "close", "Close, x", "upgrade")),
  fc.tuple(fc.constant("content-length"), fc.constantFrom("3", "03", "1", "", "a", "-3", "3, 3")),
  // Other codings are refused, as the standard wants; the others hand on what is encoded.
  fc.tuple(fc.constantFrom("Transfer-Encoding", "transfer-encoding"), fc.constantFrom("chunked", "CHUNKED ")),
);
const ends = fc.oneof({ weight: 9, arbitrary: fc.constant("\r\n") }, fc.constantFrom("\n"));
const bodies = fc.constantFrom(
  "",
  "abc",
  "3\r\nabc\r\n0\r\n\r\n",
  "3;x=y\r\nabc\r\n0\r\nt: u\r\n\r\n",
  "0\r\n\r\n",
);
const lines = fc.constantFrom(
  "GET / HTTP/1.1",
  "POST /v1/traces?a=%20b HTTP/1.1",
  "PUT //a//b/ HTTP/1.1",
  "POST /a HTTP/1.0",
  "DELETE http://h/a HTTP/1.1",
  "OPTIONS * HTTP/1.1",
);

/** A request as a client would write it, more or less. Hosts that are none are read in odd ways by Deno. */
const requests = fc.tuple(lines, fc.array(fc.tuple(field, ends), { maxLength: 5 }), ends, bodies).map(
  ([line, fields, end, body]) =>
    `${line}${end}host: h${end}${
      fields.map(([[name, value], end]) => `${name}: ${value}${end}`).join("")
    }${end}${body}`,
);

/** Requests in which something was put where it does not belong. */
const damaged = fc.tuple(
  requests,
  fc.nat(),
  fc.constantFrom("\0", "\r", "\n", " ", ":", "\t", "", "\x7f", "G"),
).map(
  ([text, at, damage]) => {
    const index = at % text.length;
    return text.slice(0, index) + damage + text.slice(index + 1);
  },
).filter((text) => /^host: h\r?$/m.test(text));

const streams = fc.array(fc.oneof({ weight: 3, arbitrary: requests }, damaged), {
  minLength: 1,
  maxLength: 3,
})
  .map((parts) => parts.join(""));

scenario("serveHttp1() reads requests as hyper and llhttp do", async () => {
  await using ours = listenHttp({ handle: describeRequest });
  await using hyper = startHyper();
  await using node = await startNode();
  await fc.assert(
    fc.asyncProperty(streams, async (text) => {
      const [mine, theirs, nodes] = await Promise.all(
        [ours, hyper, node].map(({ port }) => read(port, text)),
      );
      compare(text, mine ?? [], theirs ?? [], nodes ?? []);
    }),
    { numRuns: Number(Deno.env.get("DIFFERENTIAL_RUNS") ?? 150) },
  );
});

/** What we refuse where others are lenient, by the standard's leave: other transfer codings, and targets that are no paths. */
const STRICTER = /^transfer-encoding:(?![ \t]*chunked[ \t]*\r?$)|^\S+ (?!\/|\*|https?:)\S+ HTTP/im;

/** Request by request, up to the first that not all of them take. */
function compare(text: string, ours: Reading, hyper: Reading, node: Reading): void {
  for (const [index, theirs] of hyper.entries()) {
    if (theirs === REFUSED) return;
    const mine = ours[index] ?? REFUSED;
    if (mine === REFUSED && STRICTER.test(text)) return;
    if (theirs === node[index] || mine !== REFUSED) assertEquals(mine, theirs, JSON.stringify(text));
    if (theirs !== node[index]) return;
  }
}
