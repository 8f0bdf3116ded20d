/** A stream of bytes in both directions; `Deno.Conn` is one. */
export interface Connection {
  /** Resolves to the number of bytes read, `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves to the number of bytes written. */
  write(bytes: Uint8Array): Promise<number>;
  /** What is read or written meanwhile rejects. To be called once. */
  close(): void;
}

/** The port, or the scheme's own. */
export function portOf({ protocol, port }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : protocol === "http:" ? 80 : 1080;
}

/** The host without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** Closes what may be closed already. */
export function closeQuietly(closer: { close(): void } | undefined): void {
  try {
    closer?.close();
  } catch {
    // Closed before, by the peer's doing or ours.
  }
}

/** Writes all of the bytes. */
export async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await connection.write(bytes.subarray(at));
}
