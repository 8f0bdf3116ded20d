/** StatsD packets that come by UDP while the compiled executable has no time: each is read or counted. */
import { assert, assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { freePorts, hasLoopback6 } from "../../support/loopback.ts";

/** Packets to each address: many more than there is room for. */
const PACKETS = 4_000;

scenario(
  "of packets that come while the executable is stopped each is read or counted as dropped",
  async () => {
    const [main, statsd = 0] = freePorts(2);
    await using sandbox = await startExecutable(await buildBinary())({
      freeze: false,
      env: {
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda,statsd",
        ENV_HTTP_LISTEN: `127.0.0.1:${main}`,
        ENV_INPUT_STATSD_LISTEN: `127.0.0.1:${statsd},[::1]:${statsd}`,
        ENV_INPUT_STATSD_LISTEN_TCP: "off",
      },
    });
    const { lambda } = sandbox;
    await lambda.init();
    await lambda.invoke({ logs: ["x"] });
    const pid = lambda.processIds().get("datakit");
    assert(pid !== undefined);
    const addresses = ["127.0.0.1", ...hasLoopback6() ? ["::1"] : []];
    Deno.kill(pid, "SIGSTOP");
    try {
      for (const hostname of addresses) await send(hostname, statsd);
    } finally {
      Deno.kill(pid, "SIGCONT");
    }
    await lambda.invoke({ logs: ["y"] });
    assertEquals((await lambda.shutdown()).exitCode, 0);
    const lost = Number(sandbox.sum("refused_socket_full", "awslambda-extension"));
    const arrived = sandbox.values("stopped", "test").reduce<number>((sum, value) => sum + Number(value), 0);
    assert(lost > 0 && arrived > 0, `${lost} lost, ${arrived} arrived`);
    assertEquals(arrived + lost, addresses.length * PACKETS);
  },
);

async function send(hostname: string, port: number): Promise<void> {
  const sender = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const packet = new TextEncoder().encode("test.stopped:1|c");
  for (let n = 0; n < PACKETS; n++) await sender.send(packet, { transport: "udp", hostname, port });
  sender.close();
}
