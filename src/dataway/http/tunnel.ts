import { createAnswerReader } from "./answer_reader.ts";
import { bareHost, type Connection, portOf, writeAll } from "./connection.ts";

const READ_BYTES = 1024;

/** The value of `Proxy-Authorization` for a proxy with a user name in its URL. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === "") return undefined;
  const { username, password } = credentialsOf(proxy);
  return `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
}

/** Has an HTTP proxy connect to `target` (CONNECT, RFC 9110 9.3.6). Throws when it does not. */
export async function openHttpTunnel(connection: Connection, proxy: URL, target: URL): Promise<void> {
  const authority = `${target.hostname}:${portOf(target)}`;
  const authorization = proxyAuthorization(proxy);
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`],
  ];
  await writeAll(connection, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const answer = createAnswerReader(0);
  const buffer = new Uint8Array(READ_BYTES);
  let head = answer.head();
  while (head === undefined) {
    const count = await connection.read(buffer);
    if (count === null) throw new TypeError("The proxy closed the connection");
    answer.push(buffer.subarray(0, count));
    head = answer.head();
  }
  const { status } = head;
  if (status < 200 || status >= 300) throw new TypeError(`The proxy refused with status ${status}`);
}

const SOCKS_VERSION = 5;
const NO_AUTHENTICATION = 0;
const PASSWORD = 2;
/** Why a SOCKS proxy does not connect, by its code (RFC 1928 6). */
const SOCKS_REFUSALS: readonly string[] = [
  "",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live expired",
  "command not supported",
  "address type not supported",
];

/** Has a SOCKS5 proxy connect to `target` (RFC 1928, RFC 1929). The name is resolved by the proxy. */
export async function openSocksTunnel(connection: Connection, proxy: URL, target: URL): Promise<void> {
  const hasPassword = proxy.username !== "";
  const methods = hasPassword ? [NO_AUTHENTICATION, PASSWORD] : [NO_AUTHENTICATION];
  await writeAll(connection, Uint8Array.from([SOCKS_VERSION, methods.length, ...methods]));
  const [version, method] = await readExactly(connection, 2);
  if (version !== SOCKS_VERSION) throw new TypeError("The proxy does not speak SOCKS5");
  if (method === PASSWORD && hasPassword) await authenticate(connection, proxy);
  else if (method !== NO_AUTHENTICATION) throw new TypeError("The proxy asks for credentials");

  const name = new TextEncoder().encode(bareHost(target)).subarray(0, 255);
  const port = portOf(target);
  await writeAll(
    connection,
    Uint8Array.from([SOCKS_VERSION, 1, 0, 3, name.byteLength, ...name, port >> 8, port & 255]),
  );
  const [, refusal = 1, , addressType] = await readExactly(connection, 4);
  if (refusal !== 0) {
    throw new TypeError(`The proxy refused: ${SOCKS_REFUSALS[refusal] ?? `code ${refusal}`}`);
  }
  const addressBytes = addressType === 1
    ? 4
    : addressType === 4
    ? 16
    : (await readExactly(connection, 1))[0] ?? 0;
  await readExactly(connection, addressBytes + 2);
}

async function authenticate(connection: Connection, proxy: URL): Promise<void> {
  const { username, password } = credentialsOf(proxy);
  const [name, secret] = [username, password].map((text) => new TextEncoder().encode(text).subarray(0, 255));
  if (name === undefined || secret === undefined) return;
  await writeAll(
    connection,
    Uint8Array.from([1, name.byteLength, ...name, secret.byteLength, ...secret]),
  );
  const [, status] = await readExactly(connection, 2);
  if (status !== 0) throw new TypeError("The proxy refused the credentials");
}

/** Not a byte more: what follows is the target's. */
async function readExactly(connection: Connection, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const more = await connection.read(bytes.subarray(at));
    if (more === null) throw new TypeError("The proxy closed the connection");
    at += more;
  }
  return bytes;
}

function credentialsOf(
  { username, password }: URL,
): { readonly username: string; readonly password: string } {
  return { username: decode(username), password: decode(password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
