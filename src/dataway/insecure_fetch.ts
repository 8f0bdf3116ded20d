/**
 * TLS without certificate checks. Deno's fetch has no such switch per client (only one per process, fixed when the
 * binary is compiled), and `node:https` of Deno 2.7 fails on its own option; `node:http` over a TLS socket made
 * here works. For tests and inspecting proxies: a connection per request, no pool.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Environment } from "../config/reader.ts";
import type { UploadFetch, UploadInit } from "./request.ts";
import { chooseProxy, openTunnel } from "./tunnel.ts";

/** Of an answer's body this much is kept, in bytes: it only explains the status. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * A `fetch` for `https:` URLs that takes any certificate. Rejects as `fetch` does.
 *
 * @param proxyUrl A proxy for all requests; without it that of `HTTPS_PROXY` or `ALL_PROXY` in `env`. `NO_PROXY`
 * counts for either, as in Deno's fetch.
 */
export function createInsecureFetch(proxyUrl: string | undefined, env: Environment): UploadFetch {
  return async (url, init) => {
    init.signal.throwIfAborted();
    const target = new URL(url);
    const proxy = chooseProxy(target.hostname, proxyUrl, env);
    const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, target, init.signal);
    return await post(target, init, tunnel);
  };
}

async function post(target: URL, init: UploadInit, tunnel: Socket | undefined): Promise<Response> {
  const [http, tls, net] = await Promise.all([import("node:http"), import("node:tls"), import("node:net")]);
  const hostname = target.hostname.replace(/^\[|\]$/g, "");
  const port = Number(target.port || 443);
  const socket = tls.connect({
    ...(tunnel === undefined ? { host: hostname, port } : { socket: tunnel }),
    ...(net.isIP(hostname) === 0 ? { servername: hostname } : {}),
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const cut = (): void => reject(init.signal.reason);
  init.signal.addEventListener("abort", cut, { once: true });
  try {
    init.signal.throwIfAborted();
    socket.on("error", reject);
    const request = http.request({
      createConnection: () => socket,
      method: init.method,
      host: hostname,
      port,
      path: `${target.pathname}${target.search}`,
      headers: {
        ...init.headers,
        host: target.host,
        "content-length": init.body.byteLength,
        connection: "close",
      },
    });
    request.on("error", reject);
    request.on("response", (answer) => void readAnswer(answer).then(resolve, reject));
    request.end(init.body);
    return await promise;
  } finally {
    init.signal.removeEventListener("abort", cut);
    socket.destroy();
    tunnel?.destroy();
  }
}

async function readAnswer(answer: IncomingMessage): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(new Uint8Array(chunk));
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= MAX_BODY_BYTES) break;
  }
  const headers = new Headers();
  for (const name of ["retry-after", "location", "content-type"] as const) {
    const value = answer.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  const status = answer.statusCode ?? 502;
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : new Blob(chunks), { status, headers });
}
