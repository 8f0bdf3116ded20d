import { assert, assertEquals, assertLess } from "@std/assert";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import coldStart from "../fixtures/telemetry/cold_start.json" with { type: "json" };
import managedInstance from "../fixtures/telemetry/managed_instance.json" with { type: "json" };
import outOfMemory from "../fixtures/telemetry/out_of_memory.json" with { type: "json" };
import { event, NOW_MS, openTelemetry } from "./open_telemetry.ts";
import { scenario } from "../support/scenario.ts";

const LINE = event("12:00:00.000", "function", "hello\n");

/** Rules as users write them, of each kind some. */
const LOG_RULES = [
  { mask: "secrets" },
  { mask: "email" },
  { mask: "ipv4" },
  { mask: "card" },
  { mask: "(?:order|user)-[0-9a-f]+" },
  { exclude: "nothing like it" },
];

for (
  const [name, fixture, options] of [
    ["a cold start and a warm one", coldStart, {}],
    ["managed instances", managedInstance, {
      managedInstance: true,
      initializationType: "lambda-managed-instances",
    }],
    ["three shapes of out of memory", outOfMemory, {}],
  ] as const
) {
  Deno.test(`createTelemetryReceiver() turns ${name} into the expected lines`, async () => {
    const telemetry = openTelemetry(options);
    for (const batch of fixture.batches) assertEquals(await telemetry.post(batch), 200);
    assertEquals(telemetry.lines(), [...fixture.lines]);
    assertEquals(telemetry.refused.size, 0);
  });
}

Deno.test("createTelemetryReceiver() keeps the rest of a batch with bad and unknown elements", async () => {
  const telemetry = openTelemetry();
  const status = await telemetry.post([
    null,
    7,
    "text",
    [],
    {},
    { time: 1, type: 2, record: 3 },
    event("12:00:00.000", "function", null),
    event("12:00:00.000", "platform.runtimeDone", null),
    event("12:00:00.000", "platform.report", { requestId: { $gt: "" } }),
    event("12:00:00.000", "platform.start", "text"),
    event("12:00:00.000", "platform.newThing", { any: "thing" }),
    event("12:00:00.000", "platform.fault", "RequestId: r9 Error: it broke\nUnknown"),
    event("12:00:00.000", "platform.logsDropped", { droppedRecords: "many", droppedBytes: -1 }),
    event("12:00:00.000", "platform.report", {
      requestId: "r1",
      status: 5,
      metrics: { durationMs: "12.6", billedDurationMs: {}, maxMemoryUsedMB: -4, memorySizeMB: 128 },
      spans: [null, 5, { name: "extensionOverhead", durationMs: "x" }, { name: ["a"] }],
    }),
    LINE,
  ]);
  assertEquals(status, 200);
  assertEquals(telemetry.refused, new Map([["unsupported", 1], ["malformed", 10]]));
  assertEquals(telemetry.lines(), [
    "awslambda-metric cold_starts=0i,duration_ms=13i,errors=0i,invocations=1i,memory_size_mb=128i,out_of_memory=0i,timeouts=0i 1789041600000000000",
    'awslambda-logging,aws_log_from=function message="hello",status="info" 1789041600000000000',
  ]);
});

Deno.test("createTelemetryReceiver() salvages the whole elements of a broken body", async () => {
  const telemetry = openTelemetry();
  const line = JSON.stringify(LINE);
  assertEquals(await telemetry.post(`[${line},{"time":"x","type":,},${line},{"time":"2026`), 200);
  assertEquals(telemetry.points.length, 2);
  assertEquals(telemetry.refused, new Map([["malformed", 2]]));
});

Deno.test("createTelemetryReceiver() answers 200 to what is no telemetry", async () => {
  for (const body of ["", "{", "[", "null", "12", '"x"', "\u0000", "[[[[[", "<html>"]) {
    const telemetry = openTelemetry();
    assertEquals(await telemetry.post(body), 200);
    assertEquals(telemetry.points, []);
    assertEquals(telemetry.refused.get("malformed") ?? 0, body === "" ? 0 : 1, body);
  }
  const telemetry = openTelemetry();
  assertEquals(await telemetry.post([]), 200);
  assertEquals(telemetry.refused.size, 0);
});

Deno.test("createTelemetryReceiver() keeps a record nested 10000 deep", async () => {
  const telemetry = openTelemetry();
  const deep = `${"[".repeat(10000)}12345678901234567890${"]".repeat(10000)}`;
  const body = `[{"time":"2026-09-10T12:00:00Z","type":"function","record":{"message":"m","deep":${deep}}},${
    JSON.stringify(LINE)
  }]`;
  assertEquals(await telemetry.post(body), 200);
  assertEquals(telemetry.points.length, 2);
  const kept = telemetry.points[0]?.fields.get("deep");
  assert(typeof kept === "string" && kept.startsWith("[[[[") && kept.length > 20000);
});

Deno.test("createTelemetryReceiver() loses to a line that is a list nested 8000 deep nothing else of its batch", async () => {
  const telemetry = openTelemetry();
  const open = telemetry.invocations.invoked({
    type: "invoke",
    requestId: "r1",
    deadlineAt: 0,
    invokedFunctionArn: "",
  });
  const deep = `{"time":"2026-09-10T12:00:00.010Z","type":"function","record":${"[".repeat(8000)}${
    "]".repeat(8000)
  }}`;
  const done = JSON.stringify(
    event("12:00:00.100", "platform.runtimeDone", { requestId: "r1", status: "success" }),
  );
  assertEquals(await telemetry.post(`[${JSON.stringify(LINE)},${deep},${done}]`), 200);
  await open.runtimeEnd;
  assertEquals(telemetry.points.filter(({ category }) => category === "logging").length, 2);
  assertEquals(telemetry.sum("invocations"), 1);
  assertEquals(telemetry.refused, new Map());
});

Deno.test("createTelemetryReceiver() takes keys that name prototypes as plain keys", async () => {
  const telemetry = openTelemetry();
  const record = '{"message":"m","__proto__":{"polluted":true},"constructor":"c","toString":1}';
  await telemetry.post(`[{"time":"2026-09-10T12:00:00Z","type":"function","record":${record}}]`);
  assertEquals(telemetry.lines(), [
    'awslambda-logging,aws_log_from=function __proto__="{\\"polluted\\":true}",constructor="c",message="m",status="info",toString=1 1789041600000000000',
  ]);
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

Deno.test("createTelemetryReceiver() keeps every line of 10000 in one batch, in order", async () => {
  const telemetry = openTelemetry();
  const batch = Array.from({ length: 10000 }, (_, i) => event("12:00:00.000", "function", `line ${i}\n`));
  const startedAt = performance.now();
  assertEquals(await telemetry.post(batch), 200);
  // 20 ms on the machine this was written on; a quadratic step would take minutes.
  assertLess(performance.now() - startedAt, 2000);
  assertEquals(telemetry.points.length, 10000);
  assertEquals(telemetry.points[0]?.fields.get("message"), "line 0");
  assertEquals(telemetry.points[9999]?.fields.get("message"), "line 9999");
});

Deno.test("createTelemetryReceiver() keeps a line of 2 MB whole", async () => {
  const telemetry = openTelemetry();
  const line = "é".repeat(1024 * 1024);
  assertEquals(await telemetry.post([event("12:00:00.000", "function", line)]), 200);
  assertEquals(telemetry.points.map((point) => point.fields.get("message") === line), [true]);
});

Deno.test("createTelemetryReceiver() takes batches at the root too, where managed instances post them", async () => {
  const telemetry = openTelemetry({ managedInstance: true });
  assertEquals(await telemetry.post([LINE], {}, "/"), 200);
  assertEquals(telemetry.points.length, 1);
});

Deno.test("createTelemetryReceiver() counts a body no platform sends, and answers 200", async () => {
  for (const headers of [{}, { "content-length": String(17 * 1024 * 1024) }]) {
    const telemetry = openTelemetry();
    assertEquals(await telemetry.post(" ".repeat(17 * 1024 * 1024), headers), 200);
    assertEquals(telemetry.refused, new Map([["too_large", 1]]));
  }
});

scenario(
  "createTelemetryReceiver() lets the event loop run while it takes a batch no platform sends",
  async () => {
    const telemetry = openTelemetry();
    const lines = Array.from({ length: 20_000 }, () => LINE);
    assert(JSON.stringify(lines).length > 1024 * 1024);
    let posts = 0;
    const ms = await longestTurnMs(() => telemetry.post(lines, { "sequence-id": String(posts++) }));
    assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
    assertEquals(telemetry.points.length, posts * lines.length);
  },
);

for (
  const [name, body] of [
    [
      "whose quotes are open",
      `[${JSON.stringify(LINE)},${'{"time":"x","type":"function","record":"x,'.repeat(25_000)}`,
    ],
    ["of objects that never close", `[${JSON.stringify(LINE)},${'{"time":'.repeat(120_000)}`],
  ] as const
) {
  scenario(
    `createTelemetryReceiver() lets the event loop run while it salvages a batch ${name}`,
    async () => {
      const telemetry = openTelemetry();
      let posts = 0;
      const ms = await longestTurnMs(() => telemetry.post(body, { "sequence-id": String(posts++) }));
      assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
      assertEquals(telemetry.points.length, posts);
      assert((telemetry.refused.get("malformed") ?? 0) >= posts);
    },
  );
}

scenario(
  "createTelemetryReceiver() lets the event loop run while it takes a large batch under users' rules",
  async () => {
    const telemetry = openTelemetry({ logRules: LOG_RULES });
    const text = "GET https://user:pass@10.1.2.3/orders?token=1 by me@example.com with 4111 1111 1111 1111 ";
    const lines = Array.from(
      { length: 2800 },
      () => event("12:00:00.000", "function", `${text.repeat(3)}\n`),
    );
    assert(JSON.stringify(lines).length < 1024 * 1024);
    let posts = 0;
    const ms = await longestTurnMs(() => telemetry.post(lines, { "sequence-id": String(posts++) }));
    assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
    assertEquals(telemetry.points.length, posts * lines.length);
  },
);

/** A text of 240 KB that rules take long for, and its form as a record. */
const LONG_TEXT = "password=hunter2 eyJaaaaaaaa-abbbbbbbbbbb me@example.com ".repeat(4_200);
for (
  const [name, record] of [
    ["line", `${LONG_TEXT}\n`],
    ["text member", { level: "info", message: "it", text: LONG_TEXT }],
    ["object", { level: "info", message: "it", object: { text: [LONG_TEXT] } }],
    ["member that is no field", { level: "info", message: "it", source: LONG_TEXT }],
    ["failure", { errorType: "Error", errorMessage: LONG_TEXT, stackTrace: [LONG_TEXT.slice(0, 1000)] }],
  ] as const
) {
  scenario(
    `createTelemetryReceiver() lets the event loop run while it rules a ${name} of 240 KB`,
    async () => {
      // The last rule took seconds.
      const telemetry = openTelemetry({ logRules: [...LOG_RULES, { mask: "a[a-z]*!" }] });
      const batch = [event("12:00:00.000", "function", record)];
      let posts = 0;
      const ms = await longestTurnMs(() => telemetry.post(batch, { "sequence-id": String(posts++) }));
      assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
      assertEquals(telemetry.points.length, posts);
      const [line = ""] = telemetry.lines();
      assert(line.length > 100_000, `${line.length}`);
      assert(line.includes("password=******") && !line.includes("hunter2") && !line.includes("me@"));
    },
  );
}

scenario(
  "createTelemetryReceiver() lets the event loop run when an end comes while it rules a log",
  async () => {
    const end = { requestId: "r1", status: "success" };
    let posts = 0;
    const logRules = [{ mask: "secrets" }, { mask: "email" }, { mask: "a[a-z]*!" }];
    const text = `${"abbbbbbbbbbbbbbb".repeat(15_000)} password=hunter2`;
    const ms = await longestTurnMs(async () => {
      const telemetry = openTelemetry({ logRules });
      const posted = telemetry.post([event("12:00:00.000", "function", `${text}\n`)], { "sequence-id": "a" });
      await new Promise((resolve) => setTimeout(resolve, 15));
      assertEquals(telemetry.points.length, 0);
      await telemetry.post([event("12:00:01.000", "platform.runtimeDone", end)], { "sequence-id": "b" });
      await posted;
      // The log comes before its invocation's end.
      assert(telemetry.lines()[0]?.includes("password=******"));
      assert(telemetry.points.length > 1);
      posts++;
    });
    assert(posts > 0 && ms <= LONGEST_TURN_MS, `${ms} ms`);
  },
);

/** Some 30 ms for a log of it. */
const SLOW_RULES = [{ mask: "secrets" }, { mask: "email" }, { mask: "a[a-z]*!" }];
const SLOW_TEXT = `${"abbbbbbbbbbbbbbb".repeat(15_000)} password=hunter2`;

Deno.test("createTelemetryReceiver() goes on beside the function with a log that it was ruling when an INVOKE comes", async () => {
  const invoke = { type: "invoke", requestId: "r1", deadlineAt: 0, invokedFunctionArn: "" } as const;
  let least = Infinity;
  for (let tries = 0; tries < 5 && least > LONGEST_TURN_MS; tries++) {
    const telemetry = openTelemetry({ logRules: SLOW_RULES });
    const posted = telemetry.post([event("12:00:00.000", "function", `${SLOW_TEXT}\n`), LINE]);
    await new Promise((resolve) => setTimeout(resolve, 15));
    assertEquals(telemetry.points.length, 0);
    const from = performance.now();
    telemetry.invocations.invoked(invoke);
    least = Math.min(least, performance.now() - from);
    assertEquals(telemetry.points.length, 0);
    await posted;
    const [first = "", second = ""] = telemetry.lines();
    assertEquals(telemetry.points.length, 2);
    assert(!first.includes("hunter2"));
    assert(second.includes('message="hello"'));
  }
  assert(least <= LONGEST_TURN_MS, `${least} ms`);
});

scenario(
  "createTelemetryReceiver() has a log that it was ruling when SHUTDOWN comes before the end of its invocation",
  async () => {
    const end = { requestId: "r1", status: "success" };
    let shutdowns = 0;
    const ms = await longestTurnMs(async () => {
      const telemetry = openTelemetry({ logRules: SLOW_RULES });
      const posted = telemetry.post([
        event("12:00:00.000", "function", `${SLOW_TEXT}\n`),
        event("12:00:01.000", "platform.runtimeDone", end),
      ]);
      await new Promise((resolve) => setTimeout(resolve, 15));
      assertEquals(telemetry.points.length, 0);
      await telemetry.invocations.shutdown("spindown");
      const [line = ""] = telemetry.lines();
      assert(line.includes("password=******"));
      assertEquals(telemetry.sum("invocations"), 1);
      await posted;
      assertEquals(telemetry.sum("invocations"), 1);
      shutdowns++;
    });
    assert(shutdowns > 0 && ms <= LONGEST_TURN_MS, `${ms} ms`);
  },
);

Deno.test("createTelemetryReceiver() has told all outcomes at SHUTDOWN, however long it still had to rule a log", async () => {
  const invoke = (requestId: string) =>
    ({ type: "invoke", requestId, deadlineAt: 0, invokedFunctionArn: "" }) as const;
  // More than it waits for at SHUTDOWN.
  const logRules = Array.from({ length: 30 }, (_, n) => ({ mask: `a[a-z]*!${n}` }));
  const telemetry = openTelemetry({ logRules });
  telemetry.invocations.invoked(invoke("r1"));
  await telemetry.post([event("12:00:00.000", "platform.start", { requestId: "r1" })]);
  const before = telemetry.points.length;
  const posted = telemetry.post([event("12:00:00.000", "function", `${SLOW_TEXT}\n`)]);
  await new Promise((resolve) => setTimeout(resolve, 15));
  // Of the first invocations no end is ever told: they have their outcomes when there are too many.
  for (let n = 2; n < 2_100; n++) telemetry.invocations.invoked(invoke(`r${n}`));
  assertEquals(telemetry.points.length, before, "an outcome came before its log");
  await telemetry.invocations.shutdown("spindown");
  const told = telemetry.points.length;
  assert(told > before + 1);
  await posted;
  assertEquals(telemetry.points.length, told, "an outcome came after SHUTDOWN");
});

for (const [name, logRules] of [["plain", []], ["ruled", SLOW_RULES]] as const) {
  Deno.test(`createTelemetryReceiver() has what came before SHUTDOWN before the last outcomes, ${name}`, async () => {
    const telemetry = openTelemetry({ logRules });
    const invoke = { type: "invoke", requestId: "r1", deadlineAt: 0, invokedFunctionArn: "" } as const;
    telemetry.invocations.invoked(invoke);
    const posts = Array.from({ length: 10 }, (_, batch) => {
      const logs = Array.from({ length: 4 }, (_, n) => `${batch}-${n} ${SLOW_TEXT}\n`);
      return telemetry.post(
        logs.map((text) => event("12:00:00.000", "function", text)),
        { "sequence-id": `${batch}` },
      );
    });
    // They are here, and nothing of them is taken yet.
    while (telemetry.invocations.batches < posts.length) await Promise.resolve();
    await telemetry.invocations.shutdown("spindown");
    const logs = telemetry.points.filter((point) => point.category === "logging").length;
    assertEquals(logs, 40);
    assertEquals(telemetry.points.at(-1)?.category, "metric", "a log came after the outcomes");
    const written = telemetry.points.length;
    assertEquals(await Promise.all(posts), posts.map(() => 200));
    assertEquals(telemetry.points.length, written, "something came after SHUTDOWN");
  });
}

Deno.test("createTelemetryReceiver() does not wait long at SHUTDOWN for a batch that does not come", async () => {
  const telemetry = openTelemetry();
  let end = (): void => {};
  const body = new ReadableStream({
    start(controller): void {
      controller.enqueue(new TextEncoder().encode("["));
      end = () => controller.close();
    },
  });
  const posted = telemetry.post(body);
  const before = performance.now();
  await telemetry.invocations.shutdown("spindown");
  assertLess(performance.now() - before, 1_000);
  end();
  assertEquals(await posted, 200);
});

Deno.test("createTelemetryReceiver() has a flush wait for a log that it is ruling", async () => {
  const telemetry = openTelemetry({ logRules: SLOW_RULES });
  const posted = telemetry.post([event("12:00:00.000", "function", `${SLOW_TEXT}\n`)]);
  await new Promise((resolve) => setTimeout(resolve, 15));
  assertEquals(telemetry.points.length, 0);
  await telemetry.collect();
  assertEquals(telemetry.points.length, 1);
  await posted;
});

Deno.test("createTelemetryReceiver() makes of a large batch what it makes of its invocations one by one", async () => {
  const filler = "token=1 by me@example.com ".repeat(60);
  const invocation = (n: number): unknown[] => [
    event("12:00:00.000", "platform.start", { requestId: `r${n}`, version: "$LATEST" }),
    ...Array.from({ length: 60 }, (_, line) => {
      // A stack trace belongs to the line before it, wherever a slice ends.
      const text = line % 7 < 4 && line > 0
        ? `    at f${line} (a.js:1:${n})`
        : `Error: ${line} of ${n} ${filler}`;
      return event("12:00:00.500", "function", `${text}\n`);
    }),
    event("12:00:01.000", "platform.runtimeDone", { requestId: `r${n}`, status: "success" }),
  ];
  const invocations = Array.from({ length: 12 }, (_, n) => invocation(n));
  const texts = [invocations.flat(), ...invocations].map((batch) => JSON.stringify(batch).length);
  // More than a slice can take, and less.
  assert(texts.every((length, n) => n === 0 ? length > 500_000 && length < 1024 * 1024 : length < 64 * 1024));
  const logRules = [{ mask: "secrets" }, { mask: "email" }, { mask: "card" }];
  const [large, small] = [openTelemetry({ logRules }), openTelemetry({ logRules })];
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await large.post(invocations.flat());
  clearInterval(timer);
  assert(turns > 1);
  for (const batch of invocations) await small.post(batch);
  assertEquals(large.lines(), small.lines());
  assertEquals([large.refused, large.sum("invocations")], [small.refused, invocations.length]);
});

Deno.test("createTelemetryReceiver() writes what is left of a large batch when an INVOKE comes, in order", async () => {
  const telemetry = openTelemetry({
    logRules: [{ mask: "secrets" }, { mask: "email" }, { mask: "(?:x|y)+z" }],
  });
  const filler = "x".repeat(300);
  const lines = Array.from(
    { length: 2500 },
    (_, n) => event("12:00:00.000", "function", `line ${n} ${filler}\n`),
  );
  const posting = telemetry.post(lines);
  const invoke = { type: "invoke", requestId: "r1", deadlineAt: 0, invokedFunctionArn: "" } as const;
  setTimeout(() => telemetry.invocations.invoked(invoke), 15);
  await posting;
  const numbers = telemetry.points.map(({ fields }) => /line (\d+)/.exec(String(fields.get("message")))?.[1]);
  assertEquals(numbers, lines.map((_, n) => String(n)));
});

Deno.test("createTelemetryReceiver() takes a batch that comes again once, by its Sequence-Id", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([LINE, LINE], { "sequence-id": "a" });
  await telemetry.post([LINE], { "sequence-id": "b" });
  await telemetry.post([LINE, LINE], { "sequence-id": "a" });
  await telemetry.post([LINE]);
  assertEquals(telemetry.points.length, 4);
  assertEquals(telemetry.refused, new Map([["duplicate", 2]]));
});

Deno.test("createTelemetryReceiver() takes a batch that comes again without a Sequence-Id once, byte for byte", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([LINE, LINE]);
  await telemetry.post([LINE, LINE]);
  assertEquals(telemetry.refused, new Map([["duplicate", 2]]));
  // One blank more is another text.
  await telemetry.post(`${JSON.stringify([LINE, LINE])} `);
  await telemetry.post([LINE]);
  assertEquals(telemetry.points.length, 5);
  // A source that makes up its times sends the same text again and again.
  telemetry.passMs(11_000);
  await telemetry.post([LINE, LINE]);
  assertEquals(telemetry.points.length, 7);
});

Deno.test("createTelemetryReceiver() knows invocations also when neither logs nor metrics are wanted", async () => {
  const telemetry = openTelemetry({ logs: false, metrics: false });
  const open = telemetry.invocations.invoked({
    type: "invoke",
    requestId: "r1",
    deadlineAt: 0,
    invokedFunctionArn: "",
  });
  await telemetry.post([
    LINE,
    event("12:00:00.100", "platform.runtimeDone", { requestId: "r1", status: "error" }),
  ]);
  await open.waitOver;
  assertEquals(telemetry.points, []);
  assertEquals(telemetry.done.length, 1);
});

Deno.test("createTelemetryReceiver() sends only what is switched on", async () => {
  const batch = [LINE, event("12:00:00.100", "platform.runtimeDone", { requestId: "r1" })];
  const logs = openTelemetry({ metrics: false });
  await logs.post(batch);
  assertEquals(logs.points.map((point) => point.category), ["logging"]);
  const metrics = openTelemetry({ logs: false });
  await metrics.post(batch);
  assertEquals(metrics.points.map((point) => point.category), ["metric"]);
});

Deno.test("createTelemetryReceiver() stamps with the time of arrival when asked, or when there is no other", async () => {
  const nowNs = BigInt(NOW_MS) * 1_000_000n;
  const asked = openTelemetry({ useNowTime: true });
  await asked.post([LINE]);
  assertEquals(asked.points[0]?.timeNs, nowNs);
  const bad = openTelemetry();
  await bad.post([{ time: "soon", type: "function", record: "x" }, { type: "function", record: "x" }]);
  assertEquals(bad.points.map((point) => point.timeNs), [nowNs, nowNs]);
});

Deno.test("createTelemetryReceiver() makes the points of a shutdown's outcomes", () => {
  const telemetry = openTelemetry();
  telemetry.invocations.invoked({ type: "invoke", requestId: "r1", deadlineAt: 0, invokedFunctionArn: "" });
  telemetry.invocations.shutdown("timeout");
  assertEquals(telemetry.lines(), [
    "awslambda-metric cold_starts=1i,errors=1i,invocations=1i,out_of_memory=0i,timeouts=1i 1789043400000000000",
  ]);
});
