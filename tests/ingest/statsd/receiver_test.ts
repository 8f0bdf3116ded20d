import { assert, assertEquals } from "@std/assert";
import type { Point } from "../../../src/point/point.ts";
import { scenario } from "../../support/scenario.ts";
import { bytes, harness, listenOptions, LOOPBACK, portOf } from "./receiver_fixture.ts";

/** The sum of one field over all points. */
function total(points: readonly Point[], field: string): number {
  return points.reduce((sum, { fields }) => sum + Number(fields.get(field) ?? 0), 0);
}

Deno.test("receiver.feed() aggregates until collect() hands the points on", async () => {
  const { receiver, points, refused } = harness();
  await receiver.feed(bytes("a:1|c\nbad\n"));
  await receiver.feed(bytes("a:2|c"));
  await receiver.feed(new Uint8Array(0));
  assertEquals(points, []);
  await receiver.collect?.();
  assertEquals(total(points, "a"), 3);
  assertEquals(refused, ["malformed 1"]);
  await receiver.collect?.();
  assertEquals(points.length, 1);
});

Deno.test("receiver counts each point once that Dataway's rules shorten: metrics, events and service checks", async () => {
  const long = "x".repeat(2000);
  const many = Array.from({ length: 300 }, (_, i) => `t${i}:v`).join();
  const lines: readonly (readonly [line: string, counted: number])[] = [
    [`a.b:1|c|#k:${long}`, 1],
    [`a.b:1:2:3|ms|#k:${long},l:${long}`, 1],
    [`a.b,k=${long}:1|g`, 1],
    [`a.${long}:1|c`, 1],
    [`a.b:1|c|#${"k".repeat(300)}:v`, 1],
    [`a.b:1|c|#${many}`, 1],
    [`_e{1,1}:t|x|#k:${long}`, 1],
    [`_e{1,1}:t|x|k:${long}|#${many}`, 1],
    [`_sc|up|0|#k:${long}`, 1],
    // A metric and a log.
    [`_sc|${long}|0|m:text`, 2],
    [`_sc|up|0|#status:mine`, 1],
    ["a.b:1|c|#k:v", 0],
  ];
  for (const [line, counted] of lines) {
    const { receiver, points, refusedByWriter } = harness({ tags: new Map([["env", "prod"]]) });
    receiver.feed(bytes(line));
    await receiver.collect?.();
    assertEquals(refusedByWriter.get("trimmed") ?? 0, counted, line.slice(0, 80));
    assert(points.length > 0);
    for (const { category, tags } of points) {
      // Our own tags are never those that are left out.
      assertEquals(tags.get("env"), "prod");
      const own = category === "keyevent" ? "df_source" : line.startsWith("_sc") ? "check" : "metric_type";
      assert(tags.has(own), line.slice(0, 80));
      assert(tags.size <= 256);
    }
  }
});

Deno.test("receiver counts samples whose figures cannot be stored", async () => {
  const { receiver, points, refused } = harness();
  receiver.feed(bytes("a:1e308|c\na:1e308|c"));
  await receiver.collect?.();
  assertEquals([points, refused], [[], ["malformed 1"]]);
});

Deno.test("receiver.feed() hands events on at once as key events", () => {
  const { receiver, points } = harness({ tags: new Map([["env", "prod"]]) });
  receiver.feed(bytes("_e{6,9}:Deploy|v2 is out|t:success|h:h1|k:rel|s:ci|p:low|#team:core\n_e{1,1}:t|x"));
  const [point, second] = points;
  assertEquals(point?.category, "keyevent");
  assertEquals(point?.measurement, "statsd_event");
  assertEquals(Object.fromEntries(point?.tags ?? []), {
    team: "core",
    host: "h1",
    aggregation_key: "rel",
    priority: "low",
    source_type: "ci",
    env: "prod",
    df_source: "custom",
    df_status: "ok",
  });
  assertEquals(point?.fields.get("df_title"), "Deploy");
  assertEquals(point?.fields.get("df_message"), "v2 is out");
  assert(/^event-[0-9a-f]{32}$/.test(String(point?.fields.get("df_event_id"))));
  assertEquals([point?.timeNs, second?.timeNs], [1_700_000_000_000_000_000n, 1_700_000_000_000_000_001n]);
  assertEquals(second?.tags.get("df_status"), "info");
});

Deno.test("receiver.feed() hands a service check on as a metric and its message as a log", () => {
  const { receiver, points } = harness();
  receiver.feed(bytes("_sc|up|2|d:1600000000|h:h1|#a:b|m:down|c:in-12\n_sc|up|0"));
  assertEquals(
    points.map((point) => [
      point.category,
      point.measurement,
      Object.fromEntries(point.tags),
      Object.fromEntries(point.fields),
      point.timeNs,
    ]),
    [
      [
        "metric",
        "statsd_service_check",
        { a: "b", host: "h1", check: "up" },
        { status: 2n },
        1_600_000_000_000_000_000n,
      ],
      [
        "logging",
        "statsd_service_check",
        { a: "b", host: "h1", check: "up", status: "critical" },
        { message: "down" },
        1_600_000_000_000_000_000n,
      ],
      ["metric", "statsd_service_check", { check: "up" }, { status: 0n }, 1_700_000_000_000_000_001n],
    ],
  );
});

scenario(
  "receiver.collect() takes in what still sits in the UDP buffer, the largest datagram too",
  async () => {
    const { receiver, points } = harness({ udp: LOOPBACK });
    await using _sockets = await receiver.listen?.(listenOptions());
    const sender = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const to: Deno.NetAddr = {
      transport: "udp",
      hostname: "127.0.0.1",
      port: portOf(receiver.addresses()[0]),
    };
    const large = "b:1|c\n".repeat(10_833);
    const sent = [];
    for (let i = 0; i < 50; i++) sent.push(sender.send(bytes("a:1|c|#k:v"), to));
    sent.push(sender.send(bytes(large), to), sender.send(new Uint8Array(0), to));
    await Promise.all(sent);
    await receiver.collect?.();
    sender.close();
    assertEquals(total(points, "a"), 50);
    assertEquals(total(points, "b"), 10_833);
  },
);

scenario("receiver.collect() has all of a datagram that is taken in steps", async () => {
  const SERIES = 6000;
  const { receiver, points } = harness({ udp: LOOPBACK });
  await using _sockets = await receiver.listen?.(listenOptions());
  const sender = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: portOf(receiver.addresses()[0]) };
  await sender.send(bytes(Array.from({ length: SERIES }, (_, i) => `c${i}:1|c`).join("\n")), to);
  await receiver.collect?.();
  sender.close();
  assertEquals(points.length, SERIES);
});

scenario(
  "receiver reads TCP lines that straddle writes, and the last one of a closed connection",
  async () => {
    const { receiver, points, refused } = harness({ tcp: LOOPBACK });
    await using _sockets = await receiver.listen?.(listenOptions());
    const port = portOf(receiver.addresses()[0]);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    for (const text of ["a:1|c\na:", "2|c\nbad\n", "b:4|c"]) await connection.write(bytes(text));
    await receiver.collect?.();
    assertEquals(total(points, "a"), 3);
    connection.close();
    await receiver.collect?.();
    assertEquals(total(points, "b"), 4);
    assertEquals(refused, ["malformed 1"]);
  },
);

scenario(
  "receiver reads Unix datagrams and length-prefixed Unix streams, replaces stale sockets only",
  async () => {
    const folder = await Deno.makeTempDir({ dir: "/tmp" });
    try {
      const unixDatagramPath = `${folder}/dsd.socket`;
      const unixStreamPath = `${folder}/dsd.stream`;
      const notASocket = `${folder}/file`;
      await Deno.writeTextFile(notASocket, "kept");
      // A socket file left behind, as by a crash.
      const { receiver: former } = harness({ unixDatagramPath });
      await former.listen?.(listenOptions());
      {
        const { receiver, points, logged } = harness({ unixDatagramPath, unixStreamPath });
        await using _sockets = await receiver.listen?.(listenOptions());
        assertEquals(logged, []);
        const sender = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/client` });
        await sender.send(bytes("a:1|c\na:1|c"), { transport: "unixpacket", path: unixDatagramPath });
        sender.close();
        const connection = await Deno.connect({ transport: "unix", path: unixStreamPath });
        await connection.write(new Uint8Array([5, 0, 0, 0, ...bytes("b:1|c"), 5, 0]));
        await connection.write(new Uint8Array([0, 0, ...bytes("b:2|c")]));
        await receiver.collect?.();
        connection.close();
        assertEquals([total(points, "a"), total(points, "b")], [2, 3]);
      }
      const { receiver: barred, logged } = harness({ unixDatagramPath: notASocket });
      await using _none = await barred.listen?.(listenOptions());
      assertEquals(barred.addresses(), []);
      assertEquals(logged.length, 1);
      assertEquals(await Deno.readTextFile(notASocket), "kept");
      await using _former = await former.listen?.(listenOptions());
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

scenario("receiver.listen() skips a taken port with one line in the log", async () => {
  const taken = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const port = portOf(taken.addr);
  const { receiver, logged } = harness({
    udp: [{ hostname: "127.0.0.1", port }, ...LOOPBACK],
    tcp: LOOPBACK,
  });
  await using _sockets = await receiver.listen?.(listenOptions());
  assertEquals(receiver.addresses().length, 2);
  assertEquals(logged.length, 1);
  assert(logged[0]?.includes(`StatsD on UDP 127.0.0.1:${port} is off`));
  taken.close();
});

scenario("receiver.collect() counts packets that the kernel dropped, of each UDP socket", async () => {
  const { receiver, refused } = harness({ udp: [...LOOPBACK, ...LOOPBACK] });
  const dropped = new Map<number, number>();
  const options = listenOptions();
  options.sockets.widen(({ port }) => ({ widen: () => {}, dropped: () => dropped.get(port) ?? 0 }));
  await using _sockets = await receiver.listen?.(options);
  const [one, other] = receiver.addresses().map(portOf);
  await receiver.collect?.();
  assertEquals(refused, []);
  dropped.set(one ?? 0, 3).set(other ?? 0, 40);
  await receiver.collect?.();
  assertEquals(refused, ["socket_full 3", "socket_full 40"]);
  dropped.set(other ?? 0, 45);
  await receiver.collect?.();
  assertEquals(refused, ["socket_full 3", "socket_full 40", "socket_full 5"]);
});

scenario("receiver.collect() ends in bounded time while packets keep coming", async () => {
  const { receiver, points } = harness({ udp: LOOPBACK });
  await using _sockets = await receiver.listen?.(listenOptions());
  const sender = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: portOf(receiver.addresses()[0]) };
  let on = true;
  const flood = (async () => {
    while (on) await sender.send(bytes("a:1|c"), to);
  })();
  await receiver.collect?.();
  on = false;
  await flood;
  sender.close();
  assert(points.length <= 1);
});
