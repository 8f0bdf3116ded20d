/** A process in which `libc_test.ts` has the C library called. */
import { type KernelSocket, openLibc } from "../src/libc.ts";

const libc = openLibc();
/** Small enough to lie in the heap of the C library, which holds what lies between two of them. In bytes. */
const BLOCK_BYTES = 32 * 1024;
const BLOCKS = 2048;
const kept: Uint8Array[] = [];

function fill(): void {
  const blocks = Array.from({ length: BLOCKS }, () => new Uint8Array(BLOCK_BYTES).fill(1));
  blocks.forEach((block, index) => {
    if (index % 2 === 0) kept.push(block);
    else block.buffer.transfer(0);
  });
}

let udp: Deno.DatagramConn | undefined;
let socket: KernelSocket | undefined;

/** A UDP socket that nobody reads, behind a TCP socket and before a UDP one that only some of its address tells from it. */
function bind(hostname: string): string {
  const { addr } = Deno.listen({ hostname, port: 0 });
  const { port } = addr;
  if (hostname !== "::1") Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.7", port });
  udp = Deno.listenDatagram({ transport: "udp", hostname, port });
  if (udp.addr.transport !== "udp") throw new Error("Cannot test a socket of another kind");
  socket = libc?.udpSocket(udp.addr);
  const none = libc?.udpSocket({ ...udp.addr, port: port - 1 });
  return `${port} ${socket !== undefined} ${none !== undefined}`;
}

function refusal(call: () => unknown): string {
  try {
    call();
    return "allowed";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function answer(what: string): string {
  switch (what) {
    case "own":
      return String(libc?.ownBytes());
    case "drop":
      return String(libc?.dropPages());
    case "trim":
      return String(libc?.trim());
    case "fill":
      return String(fill());
    case "work":
      return JSON.stringify([Array.from({ length: 100 }, (_, n) => n).reduce((sum, n) => sum + n, 0)]);
    case "bind4":
      return bind("127.0.0.1");
    case "bind6":
      return bind("::1");
    case "narrow":
      return String(socket?.widen(4096));
    case "widen":
      return String(socket?.widen(1_048_576));
    case "dropped":
      return String(socket?.dropped());
    case "call":
      return refusal(() => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }));
    case "view":
      return refusal(() => Deno.UnsafePointer.create(4096n));
    default:
      throw new Error(`Cannot do ${what}`);
  }
}

for await (const what of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  await Deno.stdout.write(new TextEncoder().encode(`${answer(what)}\n`));
}
