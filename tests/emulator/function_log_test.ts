import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension, type ReceivedEvent } from "./fake_extension.ts";
import { toJsonRecord } from "./function_log.ts";
import { startLambda } from "./lambda.ts";
import { type LogFrame, readFrames } from "./log_frames.ts";
import type { FunctionCommand } from "./options.ts";
import { read, recordsOf } from "./received.ts";

Deno.test("toJsonRecord() keeps objects and makes one of everything else", () => {
  const at = Date.UTC(2026, 8, 10, 12);
  const made = (message: string, level = "INFO"): object => ({
    timestamp: "2026-09-10T12:00:00.000Z",
    level,
    message,
  });
  const record = (text: string, level?: string): object => toJsonRecord({ text, level }, at);
  assertEquals(record('{"msg":"x","n":[1]}'), { msg: "x", n: [1] });
  for (const text of ["plain", "", "[1]", "7", '"x"', "null", "{broken", "{'a': 1}"]) {
    assertEquals(record(text), made(text));
  }
  assertEquals(record("bare text of a frame", "WARN"), made("bare text of a frame", "WARN"));
});

Deno.test("readFrames() reads frames in whatever pieces they come", async () => {
  const bytes = new Uint8Array([
    ...frame(0xa55a0017, "Traceback\n  File\n", 1_757_505_600_123_456n),
    ...frame(0xa55a0001, "", 0n),
    ...frame(0xa55a0002, '{"level":"INFO"}', 1_757_505_600_000_000n),
    ...frame(0xa55a001b, "ünïcødé 🙂\n\n", 1n),
  ]);
  for (const size of [1, 7, 16, bytes.length]) {
    const frames: LogFrame[] = [];
    await readFrames(pieces(bytes, size), (each) => void frames.push(each));
    assertEquals(frames, [
      { text: "Traceback\n  File", at: 1_757_505_600_123.456, level: "ERROR" },
      { text: "", at: undefined, level: undefined },
      { text: '{"level":"INFO"}', at: 1_757_505_600_000, level: undefined },
      { text: "ünïcødé 🙂\n", at: 0.001, level: "FATAL" },
    ]);
  }
});

scenario("lambda gives a function the log pipe of managed runtimes and keeps its records whole", async () => {
  const record =
    'printf "\\245\\132\\000\\027\\000\\000\\000\\003\\000\\000\\000\\000\\000\\000\\003\\350a\\nb" >&3';
  for (const [logPipe, expected] of [["framed", ["a\nb", "plain"]], ["unframed", ["plain"]]] as const) {
    const extension = fakeExtension();
    const body = `[ -z "$_LAMBDA_TELEMETRY_LOG_FD" ] || ${record}\necho plain`;
    await using lambda = await startLambda({ extension, function: shellFunction(body), logPipe });
    const { response } = await lambda.invoke({}, { payload: '{"order":7}' });
    await lambda.shutdown();
    assertEquals(response, '{"order":7}');
    const lines = functionEvents(extension.received);
    assertEquals(lines.map(({ record }) => record).sort(), [...expected]);
    assertEquals(lines[0]?.time === "1970-01-01T00:00:00.001Z", logPipe === "framed");
  }
});

scenario("lambda ends an init whose function cannot be started", async () => {
  const none = { program: "/no/such/program", args: [] };
  for (const logPipe of ["framed", "unframed"] as const) {
    await using lambda = await startLambda({ extension: fakeExtension(), function: none, logPipe });
    assertEquals((await lambda.init()).errorType, "Runtime.InvalidEntrypoint");
  }
});

scenario("lambda splits a text of several lines unless its pipe is framed", async () => {
  for (const [logPipe, expected] of [["framed", ["a\nb"]], ["unframed", ["a", "b"]]] as const) {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension, logPipe });
    await lambda.invoke({ logs: ["a\nb"] });
    await lambda.shutdown();
    assertEquals(recordsOf(extension.received, "function"), expected);
  }
});

scenario("lambda filters lines of the JSON format by level, for the log group or for all", async () => {
  const debug = { level: "DEBUG", message: "d" };
  const warn = { level: "WARN", message: "w" };
  const odd = { level: "loud", message: "of no known level" };
  for (const levelFilter of ["log-group", "telemetry"] as const) {
    const extension = fakeExtension();
    await using lambda = await startLambda({
      extension,
      logFormat: "JSON",
      applicationLogLevel: "WARN",
      levelFilter,
    });
    assertEquals(lambda.env["AWS_LAMBDA_LOG_LEVEL"], "WARN");
    await lambda.invoke({ logs: [debug, warn, odd, "plain"] });
    await lambda.shutdown();
    const told = recordsOf(extension.received, "function").map((record) => read(record, "message"));
    assertEquals(told, levelFilter === "telemetry" ? ["w"] : ["d", "w", "of no known level", "plain"]);
    const logged = lambda.logs.filter(({ source }) => source === "function").map(({ line }) => line);
    assertEquals(logged, [JSON.stringify(warn)]);
  }
});

scenario("lambda filters nothing in the Text format", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, applicationLogLevel: "FATAL" });
  assertEquals(lambda.env["AWS_LAMBDA_LOG_LEVEL"], undefined);
  await lambda.invoke({ logs: ['{"level":"DEBUG"}'] });
  await lambda.shutdown();
  assertEquals(recordsOf(extension.received, "function"), ['{"level":"DEBUG"}']);
});

scenario(
  "lambda can learn of lines after the invocation's end, with the time they were written at",
  async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension, logPipeDelayMs: 60, freeze: false });
    await lambda.invoke({ logs: ["late"] });
    await lambda.invoke({ sleepMs: 200 });
    await lambda.shutdown();
    const types = extension.received.map(({ type }) => type);
    assertLess(types.indexOf("platform.runtimeDone"), types.indexOf("function"));
    const times = extension.received.filter(({ type }) => type !== "platform.telemetrySubscription");
    const line = functionEvents(extension.received)[0];
    const done = times.find(({ type }) => type === "platform.runtimeDone");
    assertLess(Date.parse(line?.time ?? ""), Date.parse(done?.time ?? "") + 1);
  },
);

for (const logFormat of ["Text", "JSON"] as const) {
  scenario(
    `lambda's scripted errors are written as Node.js writes them in the ${logFormat} format`,
    async () => {
      const extension = fakeExtension();
      await using lambda = await startLambda({ extension, logFormat });
      const script = { outcome: "error", errorType: "TypeError", errorMessage: "no cart" } as const;
      const { requestId } = await lambda.invoke(script);
      await lambda.invoke({ ...script, silent: true });
      await lambda.shutdown();
      const [record, ...others] = recordsOf(extension.received, "function");
      assertEquals(others, []);
      if (logFormat === "Text") {
        assertMatch(
          String(record),
          new RegExp(
            `^[\\d-]+T[\\d:.]+Z\\t${requestId}\\tERROR\\tInvoke Error \\t` +
              '\\{"errorType":"TypeError","errorMessage":"no cart","stack":\\["TypeError: no cart",',
          ),
        );
      } else {
        assertEquals([read(record, "level"), read(record, "requestId")], ["ERROR", requestId]);
        assertEquals(read(record, "message", "errorType"), "TypeError");
        assertEquals(read(record, "message", "stackTrace", "0"), "TypeError: no cart");
      }
    },
  );
}

function functionEvents(events: readonly ReceivedEvent[]): readonly ReceivedEvent[] {
  return events.filter(({ type }) => type === "function");
}

/** Does `body` in a shell at its start, then answers each event with itself. */
function shellFunction(body: string): FunctionCommand {
  const serve = `
    const api = "http://" + Deno.env.get("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation";
    while (true) {
      const next = await fetch(api + "/next");
      const id = next.headers.get("Lambda-Runtime-Aws-Request-Id");
      const answer = await fetch(api + "/" + id + "/response", { method: "POST", body: await next.text() });
      await answer.body.cancel();
    }`;
  const script = `${body}\nexec "$0" eval --no-config "$1"`;
  return { program: "sh", args: ["-c", script, Deno.execPath(), serve], env: { PATH: "/usr/bin:/bin" } };
}

function frame(type: number, text: string, timeUs: bigint): number[] {
  const body = new TextEncoder().encode(text);
  const head = new DataView(new ArrayBuffer(16));
  head.setUint32(0, type);
  head.setUint32(4, body.length);
  head.setBigUint64(8, timeUs);
  return [...new Uint8Array(head.buffer), ...body];
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
