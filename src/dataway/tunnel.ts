import type { Socket } from "node:net";
import type { Environment } from "../config/reader.ts";

/** A proxy's answer to CONNECT is a status line and a few headers; more than this is none. */
const MAX_ANSWER_CHARS = 16 * 1024;

/**
 * The proxy through which `hostname` is reached over TLS, or `undefined` for none: `proxyUrl` if given, else that
 * of `HTTPS_PROXY` or `ALL_PROXY`, in either case. `NO_PROXY` is a list of `*`, hosts and domains.
 */
export function chooseProxy(
  hostname: string,
  proxyUrl: string | undefined,
  env: Environment,
): URL | undefined {
  const variable = (name: string): string => env[name] || env[name.toLowerCase()] || "";
  for (const entry of variable("NO_PROXY").split(",")) {
    const domain = entry.trim().toLowerCase().replace(/^\*?\./, "");
    if (domain === "*" || (domain !== "" && (hostname === domain || hostname.endsWith(`.${domain}`)))) {
      return undefined;
    }
  }
  const text = proxyUrl ?? (variable("HTTPS_PROXY") || variable("ALL_PROXY"));
  return URL.parse(text.includes("://") ? text : `http://${text}`) ?? undefined;
}

/**
 * A connection to `target` through a proxy's CONNECT, made into `T` by `upgrade`. Rejects if the proxy cannot be
 * reached, refuses, or `signal` fires. By hand, as `node:http` of Deno 2.7 takes the answer to CONNECT for an
 * ordinary one; and `upgrade` runs at once, as a read that Deno starts in the next turn would take the first bytes
 * of the TLS handshake away from it.
 */
export async function openTunnel<T>(
  proxy: URL,
  target: URL,
  signal: AbortSignal,
  upgrade: (tunnel: Socket) => T,
): Promise<T> {
  if (proxy.protocol !== "http:") {
    throw new TypeError(
      `Cannot use a ${proxy.protocol}// proxy without certificate checks as it must be http://`,
    );
  }
  const request = connectRequest(proxy, `${target.hostname}:${target.port || 443}`);
  const { connect } = await import("node:net");
  signal.throwIfAborted();
  const socket = connect(Number(proxy.port || 80), proxy.hostname.replace(/^\[|\]$/g, ""));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let answer = "";
  const cut = (): void => reject(signal.reason);
  const ended = (): void => reject(new TypeError("The proxy closed the connection"));
  const take = (chunk: Uint8Array): void => {
    answer += new TextDecoder().decode(chunk);
    if (answer.includes("\r\n\r\n")) {
      const status = answer.split(" ")[1];
      socket.off("data", take).off("close", ended);
      if (status !== "200") return reject(new TypeError(`The proxy refused with status ${status}`));
      try {
        resolve(upgrade(socket));
      } catch (error) {
        reject(error);
      }
    } else if (answer.length > MAX_ANSWER_CHARS) reject(new TypeError("The proxy's answer has no end"));
  };
  signal.addEventListener("abort", cut, { once: true });
  socket.on("error", reject).on("data", take).on("close", ended);
  try {
    socket.write(request);
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

function connectRequest(proxy: URL, authority: string): string {
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (proxy.username !== "") {
    const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    lines.push(`Proxy-Authorization: Basic ${new TextEncoder().encode(credentials).toBase64()}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}
