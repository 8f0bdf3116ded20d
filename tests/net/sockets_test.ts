import { assertEquals } from "@std/assert";
import type { KernelSocket } from "../../src/libc.ts";
import { createSockets } from "../../src/net/sockets.ts";
import { scenario } from "../support/scenario.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 } as const;

scenario(
  "sockets.widen() gives UDP sockets more room, once: those bound ahead at once, others as they are bound",
  () => {
    const widened: string[] = [];
    const kernels = new Map<number, KernelSocket>();
    const sockets = createSockets();
    const ahead = sockets.bind({ ...LOOPBACK, transport: "udp" });
    sockets.bind({ ...LOOPBACK, transport: "tcp" });
    sockets.widen(({ transport, port }) => {
      const kernel = {
        widen: (bytes: number) => void widened.push(`${transport} ${port} ${bytes}`),
        dropped: () => 0,
      };
      kernels.set(port, kernel);
      return kernel;
    });
    const port = ahead !== undefined && "port" in ahead ? ahead.port : 0;
    assertEquals(widened, [`udp ${port} 1048576`]);
    const first = sockets.udp(LOOPBACK);
    assertEquals(sockets.kernelOf(first), kernels.get(port));
    assertEquals(widened.length, 1);
    const second = sockets.udp(LOOPBACK);
    const later = sockets.kernelOf(second);
    sockets.kernelOf(second);
    assertEquals([later === undefined, widened.length], [false, 2]);
    first.close();
    second.close();
    sockets[Symbol.dispose]();
  },
);

scenario("sockets.kernelOf() is nothing of Unix sockets, and where the system shows none", () => {
  const folder = Deno.makeTempDirSync({ dir: "/tmp" });
  try {
    const sockets = createSockets();
    const hidden = sockets.udp(LOOPBACK);
    assertEquals(sockets.kernelOf(hidden), undefined);
    let asked = 0;
    sockets.widen(() => void asked++);
    const local = sockets.unixDatagram(`${folder}/socket`);
    assertEquals([sockets.kernelOf(local), asked], [undefined, 0]);
    hidden.close();
    local.close();
    sockets[Symbol.dispose]();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
