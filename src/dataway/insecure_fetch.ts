/**
 * TLS without certificate checks. Deno's fetch has no such switch per client (only one per process, fixed when the
 * binary is compiled); `node:https` of Deno 2.7 fails on its own option, and `node:http` over a socket made here
 * leaves a rejection behind, which would end the process, when an answer is cut short. What works is `node:tls`
 * with one HTTP exchange written by hand. For tests and inspecting proxies: a
 * connection per request and no pool, 40 ms slower than fetch as Deno's TLS socket cannot switch Nagle off.
 */
import type { Socket } from "node:net";
import type { Environment } from "../config/reader.ts";
import type { UploadFetch, UploadInit } from "./request.ts";
import { createAnswerReader } from "./answer_reader.ts";
import { chooseProxy, openTunnel } from "./tunnel.ts";

/** Once the head of an answer is there, its body gets this long, in ms: it only explains the status. */
const MAX_BODY_WAIT_MS = 300;

/**
 * A `fetch` for `https:` URLs that takes any certificate. Rejects as `fetch` does.
 *
 * @param proxyUrl A proxy for all requests; without it that of `HTTPS_PROXY` or `ALL_PROXY` in `env`. `NO_PROXY`
 * counts for either, as in Deno's fetch.
 */
export function createInsecureFetch(proxyUrl: string | undefined, env: Environment): UploadFetch {
  return async (url, init) => {
    const target = new URL(url);
    const proxy = chooseProxy(target.hostname, proxyUrl, env);
    const socket = await connectUnchecked(target, proxy, init.signal);
    try {
      return await exchange(socket, target, init);
    } finally {
      socket.destroy();
    }
  };
}

async function connectUnchecked(target: URL, proxy: URL | undefined, signal: AbortSignal): Promise<Socket> {
  const [tls, net] = await Promise.all([import("node:tls"), import("node:net")]);
  const hostname = target.hostname.replace(/^\[|\]$/g, "");
  const options = {
    ...(net.isIP(hostname) === 0 ? { servername: hostname } : {}),
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  };
  signal.throwIfAborted();
  if (proxy === undefined) {
    return tls.connect({ host: hostname, port: Number(target.port || 443), ...options });
  }
  return await openTunnel(proxy, target, signal, (tunnel) => {
    const socket = tls.connect({ socket: tunnel, ...options });
    socket.on("close", () => tunnel.destroy());
    return socket;
  });
}

/** One request and its answer over a connection that is not used again. */
async function exchange(socket: Socket, target: URL, init: UploadInit): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const answer = createAnswerReader();
  let bodyTimer: number | undefined;
  const cut = (): void => reject(init.signal.reason);
  socket.on("error", reject);
  socket.on("secureConnect", () => void socket.write(wholeRequest(target, init)));
  socket.on("data", (chunk: Uint8Array) => {
    answer.push(chunk);
    if (answer.complete()) resolve();
    else if (answer.hasHead()) bodyTimer ??= setTimeout(resolve, MAX_BODY_WAIT_MS);
  });
  socket.on("close", () => {
    if (answer.hasHead()) resolve();
    else reject(new TypeError("connection closed before an answer"));
  });
  init.signal.addEventListener("abort", cut, { once: true });
  try {
    if (init.signal.aborted) cut();
    await promise;
    return answer.toResponse();
  } finally {
    clearTimeout(bodyTimer);
    init.signal.removeEventListener("abort", cut);
  }
}

/** Head and body in one piece: written apart, the body waits for the peer's delayed acknowledgement, 40 ms more. */
function wholeRequest(target: URL, init: UploadInit): Uint8Array {
  const head = new TextEncoder().encode([
    `${init.method} ${target.pathname}${target.search} HTTP/1.1`,
    `host: ${target.host}`,
    ...Object.entries(init.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${init.body.byteLength}`,
    "connection: close",
    "\r\n",
  ].join("\r\n"));
  const whole = new Uint8Array(head.byteLength + init.body.byteLength);
  whole.set(head);
  whole.set(init.body, head.byteLength);
  return whole;
}
