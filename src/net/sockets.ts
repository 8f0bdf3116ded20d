/** Sockets that are bound before there is anybody to serve them: what comes meanwhile waits in the kernel. */
import type { KernelSocket, Libc } from "../libc.ts";

/** A TCP or UDP address. */
export interface InetAddress {
  readonly hostname: string;
  readonly port: number;
}

/** What to bind. */
export type SocketAddress =
  | InetAddress & { readonly transport: "tcp" | "udp" }
  | { readonly transport: "unix_stream" | "unix_datagram"; readonly path: string };

/** A socket that was asked for. */
export interface AskedSocket {
  readonly transport: SocketAddress["transport"];
  /** As asked for: `host:port`, or a path. */
  readonly asked: string;
  /** Where it really is; `undefined`: it could not be opened. */
  readonly address: Deno.Addr | undefined;
  readonly error?: unknown;
}

/** Each method gives the socket that was bound ahead, or binds now. Throws as binding did. */
export interface Sockets extends Disposable {
  /** Binds ahead; where it is bound, or `undefined`: who asks for the socket then learns why it could not be bound. */
  bind(address: SocketAddress): Deno.Addr | undefined;
  tcp(address: InetAddress): Deno.TcpListener;
  udp(address: InetAddress): Deno.DatagramConn;
  unixStream(path: string): Deno.UnixListener;
  unixDatagram(path: string): Deno.DatagramConn;
  /** From now on UDP sockets, those bound ahead too, have more room for what nobody has read yet. */
  widen(find: Libc["udpSocket"]): void;
  /** The kernel's side of a socket; `undefined`: it is no UDP one, or the system shows none. */
  kernelOf(socket: Deno.DatagramConn): KernelSocket | undefined;
  /** Every socket that was asked for so far, in order. */
  readonly asked: readonly AskedSocket[];
  /** Closes what was bound ahead and nobody has asked for, so that its clients are refused instead of kept waiting. */
  [Symbol.dispose](): void;
}

type Socket = Deno.TcpListener | Deno.UnixListener | Deno.DatagramConn;
type Bound = { readonly socket: Socket } | { readonly error: unknown };

/**
 * For what comes by UDP while the event loop is kept: by us, the garbage collector or another process. At 10 000 short
 * packets a second Linux's 208 KiB last for 27 ms, these for 136 ms. The system may allow less (416 KiB where it is not
 * tuned), and the function's memory may be 128 MB. In bytes.
 */
const UDP_ROOM_BYTES = 1_048_576;

/** With nothing bound yet. */
export function createSockets(): Sockets {
  const waiting = new Map<string, Bound[]>();
  const asked: AskedSocket[] = [];
  const kernels = new Map<Deno.DatagramConn, KernelSocket | undefined>();
  let findKernel: Libc["udpSocket"] | undefined;

  function look(socket: Deno.DatagramConn): KernelSocket | undefined {
    const { addr } = socket;
    const kernel = addr.transport === "udp" ? findKernel?.(addr) : undefined;
    kernel?.widen(UDP_ROOM_BYTES);
    kernels.set(socket, kernel);
    return kernel;
  }

  function take<S extends Socket>(
    address: SocketAddress,
    open: () => S,
    isOfKind: (socket: Socket) => socket is S,
  ): S {
    const { transport } = address;
    const about = { transport, asked: nameOf(address) };
    try {
      const socket = find(keyOf(address), open, isOfKind);
      asked.push({ ...about, address: socket.addr });
      return socket;
    } catch (error) {
      asked.push({ ...about, address: undefined, error });
      throw error;
    }
  }

  function find<S extends Socket>(key: string, open: () => S, isOfKind: (socket: Socket) => socket is S): S {
    const bound = waiting.get(key)?.shift();
    if (bound === undefined) return open();
    if ("error" in bound) throw bound.error;
    if (!isOfKind(bound.socket)) throw new Error("Cannot use a socket as it is of another kind");
    return bound.socket;
  }

  return {
    bind: (address) => {
      const key = keyOf(address);
      const others = waiting.get(key);
      const bound = attempt(address);
      if (others === undefined) waiting.set(key, [bound]);
      else others.push(bound);
      return "socket" in bound ? bound.socket.addr : undefined;
    },
    tcp: (address) => take({ ...address, transport: "tcp" }, () => listenTcp(address), isTcp),
    udp: (address) => take({ ...address, transport: "udp" }, () => listenUdp(address), isDatagram),
    unixStream: (path) => take({ path, transport: "unix_stream" }, () => listenUnix(path), isUnix),
    unixDatagram: (path) =>
      take({ path, transport: "unix_datagram" }, () => listenUnixDatagram(path), isDatagram),
    widen: (find) => {
      findKernel = find;
      for (const bound of [...waiting.values()].flat()) {
        if ("socket" in bound && isDatagram(bound.socket)) look(bound.socket);
      }
    },
    kernelOf: (socket) => kernels.has(socket) ? kernels.get(socket) : look(socket),
    asked,
    [Symbol.dispose]: () => {
      for (const bound of [...waiting.values()].flat()) if ("socket" in bound) bound.socket.close();
      waiting.clear();
    },
  };
}

/** Removes a Unix socket's file; nothing else, as the path comes from a setting. */
export function removeSocket(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // None there, or not ours: binding will tell.
  }
}

function attempt(address: SocketAddress): Bound {
  try {
    return { socket: open(address) };
  } catch (error) {
    return { error };
  }
}

function open(address: SocketAddress): Socket {
  switch (address.transport) {
    case "tcp":
      return listenTcp(address);
    case "udp":
      return listenUdp(address);
    case "unix_stream":
      return listenUnix(address.path);
    case "unix_datagram":
      return listenUnixDatagram(address.path);
  }
}

function listenTcp({ hostname, port }: InetAddress): Deno.TcpListener {
  return Deno.listen({ hostname, port });
}

function listenUdp({ hostname, port }: InetAddress): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port });
}

function listenUnix(path: string): Deno.UnixListener {
  removeSocket(path);
  return Deno.listen({ transport: "unix", path });
}

function listenUnixDatagram(path: string): Deno.DatagramConn {
  removeSocket(path);
  return Deno.listenDatagram({ transport: "unixpacket", path });
}

function keyOf(address: SocketAddress): string {
  return `${address.transport} ${nameOf(address)}`;
}

/** `host:port`, `[v6]:port`, or a path. */
export function nameOf(address: SocketAddress | Deno.Addr): string {
  if ("path" in address) return address.path;
  if (!("hostname" in address)) return "";
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function isDatagram(socket: Socket): socket is Deno.DatagramConn {
  return "receive" in socket;
}

function isTcp(socket: Socket): socket is Deno.TcpListener {
  return "accept" in socket && socket.addr.transport === "tcp";
}

function isUnix(socket: Socket): socket is Deno.UnixListener {
  return "accept" in socket && socket.addr.transport === "unix";
}
