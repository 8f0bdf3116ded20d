/** The calls of the C library, by what Linux tells of a process that makes them. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { unwritableSegments } from "../src/libc.ts";
import { hasLoopback6 } from "./support/loopback.ts";
import { scenario } from "./support/scenario.ts";

const MIB = 1_048_576;

const HEADER_BYTES = 56;
const PAGE = 4096n;
/** Types and flags of https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html. */
const [LOAD, HEADERS] = [1, 6];
const [READ, READ_WRITE, READ_EXECUTE] = [4, 6, 5];
const BASE = 0x5555_5555_4000n;

interface Header {
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  /** In the file. */
  readonly bytes: bigint;
}

function table(headers: readonly Header[]): DataView {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES * headers.length));
  headers.forEach(({ type, flags, address, bytes }, index) => {
    const at = HEADER_BYTES * index;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 16, address, true);
    view.setBigUint64(at + 32, bytes, true);
    // In memory, with what begins as zeros.
    view.setBigUint64(at + 40, bytes + 0x10_000n, true);
  });
  return view;
}

const OWN: Header = { type: HEADERS, flags: READ, address: 64n, bytes: 280n };

Deno.test("unwritableSegments() are whole pages of code and constants, of nothing that can be written to", () => {
  const view = table([
    OWN,
    { type: LOAD, flags: READ, address: 0n, bytes: 0x5123n },
    { type: LOAD, flags: READ_EXECUTE, address: 0x7800n, bytes: 0x3000n },
    { type: LOAD, flags: READ_WRITE, address: 0xb000n, bytes: 0x4000n },
    { type: LOAD, flags: READ, address: 0x1_0010n, bytes: 0xff0n },
    { type: 4, flags: READ, address: 0x2_0000n, bytes: 0x4000n },
  ]);
  assertEquals(unwritableSegments(view, BASE + OWN.address, PAGE), [
    { address: BASE, sizeBytes: 0x5000n },
    { address: BASE + 0x8000n, sizeBytes: 0x2000n },
  ]);
  assertEquals(unwritableSegments(view, BASE + OWN.address, 0x1_0000n), []);
});

Deno.test("unwritableSegments() are none of a program that does not tell where it lies", () => {
  const code = { type: LOAD, flags: READ_EXECUTE, address: 0n, bytes: 0x5000n };
  assertEquals(unwritableSegments(table([code]), BASE, PAGE), []);
  assertEquals(unwritableSegments(table([]), BASE, PAGE), []);
});

interface Memory {
  /** In bytes. */
  readonly own: number;
  readonly ofFiles: number;
}

/** As Linux tells it. */
function memoryOf(pid: number): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) * 1024;
  return { own: bytes("RssAnon"), ofFiles: bytes("RssFile") };
}

/** A process of its own that does with {@link openLibc} what it is told, and the answers. */
function startProcess(permissions: readonly string[]): {
  readonly pid: number;
  readonly ask: (what: string) => Promise<string>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
} {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "--no-check",
      "--no-prompt",
      ...permissions,
      import.meta.resolve("./libc_process.ts"),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    pid: child.pid,
    ask: async (what) => {
      await writer.write(new TextEncoder().encode(what));
      return (await reader.read()).value?.trim() ?? "";
    },
    [Symbol.asyncDispose]: async () => {
      await writer.close();
      await child.status;
      await reader.cancel();
    },
  };
}

scenario("openLibc() tells the process's own memory, and lets go of the pages of its program", async () => {
  await using child = startProcess(["--allow-ffi"]);
  const told = Number(await child.ask("own"));
  const before = memoryOf(child.pid);
  assertLess(Math.abs(told - before.own), MIB);
  await child.ask("drop");
  const after = memoryOf(child.pid);
  // What is used of them is there again.
  assertLess(after.ofFiles, before.ofFiles / 2);
  assertLess(Math.abs(after.own - before.own), MIB);
  // It goes on as before: code that has been run, and code that has not.
  assertLess(Math.abs(Number(await child.ask("own")) - memoryOf(child.pid).own), MIB);
  assertEquals(await child.ask("work"), "[4950]");
});

scenario("openLibc() gives back to the kernel what the C library has free", async () => {
  await using child = startProcess(["--allow-ffi"]);
  // 64 MB in small blocks, of which every second one is freed.
  await child.ask("fill");
  const before = memoryOf(child.pid);
  await child.ask("trim");
  assertGreater(before.own - memoryOf(child.pid).own, 16 * MIB);
});

/** Packets that the kernel threw away of those to a UDP socket, as Linux tells it. */
function droppedOf(hostname: string, port: number): number {
  const [table, address] = hostname === "::1"
    ? ["udp6", "00000000000000000000000001000000"]
    : ["udp", "0100007F"];
  const local = `${address}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = Deno.readTextFileSync(`/proc/net/${table}`).split("\n").map((row) => row.trim().split(/\s+/));
  return Number(rows.find((columns) => columns[1] === local)?.at(-1));
}

for (const [command, hostname] of [["bind4", "127.0.0.1"], ["bind6", "::1"]] as const) {
  scenario(
    `openLibc() has a UDP socket on ${hostname} hold more, and tells what there was no room for`,
    async () => {
      if (hostname === "::1" && !hasLoopback6()) return;
      await using child = startProcess(["--allow-ffi", "--allow-net", "--unstable-net"]);
      const [port, found, other] = (await child.ask(command)).split(" ");
      assertEquals([found, other], ["true", "false"]);
      const to: Deno.NetAddr = { transport: "udp", hostname, port: Number(port) };
      const sender = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
      let sent = 0;

      /** Sends more than there is room for; packets that the socket holds then. */
      async function fill(): Promise<number> {
        for (let n = 0; n < 3000; n++, sent++) await sender.send(new Uint8Array(100), to);
        await new Promise((resolve) => setTimeout(resolve, 50));
        const dropped = droppedOf(hostname, to.port);
        assertGreater(dropped, 0);
        assertEquals(Number(await child.ask("dropped")), dropped);
        return sent - dropped;
      }

      // Less than there is: nothing is made smaller.
      await child.ask("narrow");
      const before = await fill();
      assertGreater(before, 100);
      await child.ask("widen");
      // The system may allow no more than twice as much.
      assertGreater(await fill(), before * 1.9);
      sender.close();
    },
  );
}

scenario("openLibc() leaves no permission to call anything else", async () => {
  await using child = startProcess(["--allow-ffi"]);
  assertEquals(await child.ask("call"), "NotCapable");
  assertEquals(await child.ask("view"), "NotCapable");
});

scenario("openLibc() opens nothing where native calls are not allowed", async () => {
  await using child = startProcess([]);
  assertEquals(await child.ask("own"), "undefined");
});
