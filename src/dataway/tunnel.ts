import type { Socket } from "node:net";
import type { Environment } from "../config/reader.ts";

/** A proxy's answer to CONNECT is a status line and a few headers; more than this, in bytes, is none. */
const MAX_ANSWER_BYTES = 16 * 1024;

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
 * A connection to `target` through a proxy's CONNECT. Rejects if the proxy cannot be reached, refuses, or `signal`
 * fires. By hand, as `node:http` of Deno 2.7 mistakes the answer to CONNECT for an ordinary one.
 */
export async function openTunnel(proxy: URL, target: URL, signal: AbortSignal): Promise<Socket> {
  if (proxy.protocol !== "http:") {
    throw new TypeError(
      `Cannot use a proxy of scheme ${proxy.protocol} without certificate checks as it must be http:`,
    );
  }
  const { connect } = await import("node:net");
  signal.throwIfAborted();
  const socket = connect(Number(proxy.port || 80), proxy.hostname.replace(/^\[|\]$/g, ""));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cut = (): void => reject(signal.reason);
  let answer = "";
  const take = (chunk: Uint8Array): void => {
    for (const byte of chunk) answer += String.fromCharCode(byte);
    if (answer.includes("\r\n\r\n")) {
      const status = answer.split(" ")[1];
      if (status === "200") resolve();
      else reject(new TypeError(`Cannot reach Dataway as the proxy refused with status ${status}`));
    } else if (answer.length > MAX_ANSWER_BYTES) reject(new TypeError("Cannot read the proxy's answer"));
  };
  const ended = (): void => reject(new TypeError("The proxy closed the connection"));
  signal.addEventListener("abort", cut, { once: true });
  socket.on("error", reject).on("data", take).on("close", ended);
  try {
    socket.write(connectRequest(proxy, `${target.hostname}:${target.port || 443}`));
    await promise;
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
    socket.off("data", take).off("close", ended);
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
