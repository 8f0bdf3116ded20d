const HEADERS = ["x-forwarded-for", "x-real-ip", "proxy-client-ip"];

/** Who sent a request: what a proxy says, else the peer, else this sandbox. `connection` is the server's word on it. */
export function remoteIp(headers: Headers, connection: unknown): string {
  for (const name of HEADERS) {
    const first = headers.get(name)?.split(",")[0]?.trim().replace(/^\[(.+)\](:\d+)?$/, "$1") ?? "";
    if (/^\d{1,3}(\.\d{1,3}){3}(:\d+)?$/.test(first)) return first.replace(/:\d+$/, "");
    if (/^[0-9a-f:]*:[0-9a-f:.]+$/i.test(first)) return first;
  }
  return peer(connection) ?? "127.0.0.1";
}

function peer(connection: unknown): string | undefined {
  if (typeof connection !== "object" || connection === null || !("remoteAddr" in connection)) {
    return undefined;
  }
  const { remoteAddr } = connection;
  if (typeof remoteAddr !== "object" || remoteAddr === null || !("hostname" in remoteAddr)) return undefined;
  return typeof remoteAddr.hostname === "string" ? remoteAddr.hostname : undefined;
}
