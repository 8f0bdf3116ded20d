/** What the compiled executable may do, and what it listens on, as Linux and its own file tell. */
import { assert, assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { freePorts, hasLoopback6 } from "../../support/loopback.ts";

/**
 * All it needs. Network: Lambda, Dataway, the listeners. Environment: its settings, the proxy variables.
 * Files: the CA file may be in the layer, the function's code or /tmp; the spool is in /tmp. System: the host's name, and
 * for ENV_AWSLAMBDA_USAGE processor times, memory and the space of /tmp. Native calls: to give memory back, and for
 * the sockets of StatsD; given up as soon as they are bound, see `tests/libc_test.ts`.
 */
const PERMISSIONS = {
  allow_env: [],
  deny_env: null,
  ignore_env: null,
  allow_net: [],
  deny_net: null,
  allow_ffi: [],
  deny_ffi: null,
  allow_read: ["/opt", "/var/task", "/tmp"],
  deny_read: null,
  ignore_read: null,
  allow_run: null,
  deny_run: null,
  allow_sys: ["hostname", "cpus", "statfs", "systemMemoryInfo"],
  deny_sys: null,
  allow_write: ["/tmp"],
  deny_write: null,
  deny_import: [],
  prompt: false,
};

scenario("the executable's own permissions are exactly the documented ones", async () => {
  const bytes = await Deno.readFile(await buildBinary());
  const found = readPermissions(bytes);
  // Deno's own list of hosts; the empty list of denied ones denies all.
  delete found["allow_import"];
  assertEquals(found, PERMISSIONS);
});

scenario(
  "the executable listens where it is told to, on loopback but for telemetry, and nowhere else",
  async () => {
    const [main, trace, lifecycle, otlpHttp, otlpGrpc, statsd] = freePorts(6);
    const start = startExecutable(await buildBinary());
    await using sandbox = await start({
      freeze: false,
      env: {
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry,statsd",
        ENV_HTTP_LISTEN: `0.0.0.0:${main}`,
        ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${trace},[::1]:${trace}`,
        ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: `127.0.0.1:${lifecycle}`,
        ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlpHttp}`,
        ENV_INPUT_OTEL_GRPC: `127.0.0.1:${otlpGrpc}`,
        ENV_INPUT_STATSD_LISTEN: `127.0.0.1:${statsd},[::1]:${statsd}`,
        ENV_INPUT_STATSD_LISTEN_TCP: `127.0.0.1:${statsd},[::1]:${statsd}`,
      },
    });
    const { lambda } = sandbox;
    await lambda.init();
    await lambda.invoke({ logs: ["x"] });
    const pid = lambda.processIds().get("datakit");
    assert(pid !== undefined);
    const expected = [
      `tcp 0.0.0.0:${main}`,
      `tcp 127.0.0.1:${trace}`,
      `tcp 127.0.0.1:${lifecycle}`,
      `tcp 127.0.0.1:${otlpHttp}`,
      `tcp 127.0.0.1:${otlpGrpc}`,
      `tcp 127.0.0.1:${statsd}`,
      `udp 127.0.0.1:${statsd}`,
      ...hasLoopback6() ? [`tcp [::1]:${trace}`, `tcp [::1]:${statsd}`, `udp [::1]:${statsd}`] : [],
    ];
    // OTLP/HTTP and gRPC may listen on ::1 beside 127.0.0.1, as clients that mean localhost go there first.
    const found = listeners(pid).filter((address) => !/^tcp \[::1\]:/.test(address) || !isOtlp(address));
    assertEquals(found.toSorted(), expected.toSorted());
    assertEquals((await lambda.shutdown()).exitCode, 0);

    function isOtlp(address: string): boolean {
      return address.endsWith(`:${otlpHttp}`) || address.endsWith(`:${otlpGrpc}`);
    }
  },
);

/** Deno compile keeps them as JSON in the file. */
function readPermissions(bytes: Uint8Array): Record<string, unknown> {
  const mark = new TextEncoder().encode('"permissions":{"allow_env"');
  for (let at = bytes.indexOf(mark[0] ?? 0); at >= 0; at = bytes.indexOf(mark[0] ?? 0, at + 1)) {
    if (!mark.every((byte, offset) => bytes[at + offset] === byte)) continue;
    const text = new TextDecoder().decode(bytes.subarray(at, at + 4096));
    return JSON.parse(text.slice(text.indexOf("{"), text.indexOf("}") + 1));
  }
  throw new Error("Cannot find the permissions in the executable");
}

/** Sockets of a process that wait for peers: listening TCP, and UDP without a peer. */
function listeners(pid: number): string[] {
  const inodes = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`)) ?? [];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed meanwhile.
    }
  }
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) => {
    const [, ...rows] = Deno.readTextFileSync(`/proc/${pid}/net/${table}`).trim().split("\n");
    return rows.flatMap((row) => {
      const [, local = "", peer = "", state, , , , , , inode = ""] = row.trim().split(/\s+/);
      const waits = table.startsWith("tcp") ? state === "0A" : /^0+:0000$/.test(peer);
      return waits && inodes.has(inode) ? [`${table.slice(0, 3)} ${toAddress(local)}`] : [];
    });
  });
}

/** `0100007F:2539` is 127.0.0.1:9529: words in the machine's order, little-endian. */
function toAddress(text: string): string {
  const [host = "", port = ""] = text.split(":");
  const words = host.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((hex) => parseInt(hex, 16))
  );
  const shown = bytes.length === 4
    ? bytes.join(".")
    : bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1
    ? "[::1]"
    : `[${bytes.map((byte) => byte.toString(16)).join(" ")}]`;
  return `${shown}:${parseInt(port, 16)}`;
}
