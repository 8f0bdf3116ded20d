/** A run as the page gets it: from a sandbox with our extension in this process, through the state and its events. */
import { assert, assertEquals } from "@std/assert";
import { inProcessExtension } from "../../support/extension.ts";
import { scenario } from "../../support/scenario.ts";
import { createControls } from "../controls.ts";
import { type ReceivedPoint, startDataway } from "../dataway.ts";
import { startLambda } from "../lambda.ts";
import { accountAt, categoriesNow } from "./browser/account.ts";
import { createModel, type Model } from "./browser/model.ts";
import { readPageFile } from "./page_file.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { renderReport } from "./report.ts";
import type { RunEvent } from "./state.ts";
import type { LedgerWord } from "./watch_ledger.ts";

const FUNCTION = { name: "orders", runtime: "nodejs24.x", arch: "x86_64", memoryMb: 512, timeoutMs: 400 };

interface Run extends AsyncDisposable {
  readonly recorder: Recorder;
  readonly lambda: Awaited<ReturnType<typeof startLambda>>;
  readonly controls: ReturnType<typeof createControls>;
  /** What a page shows that was opened at the start, and has seen only events since. */
  readonly watching: Model;
}

async function startRun(askLedger?: () => Promise<LedgerWord | undefined>): Promise<Run> {
  const recorder = createRecorder({
    function: FUNCTION,
    extension: { name: "datakit", version: "2.0.0" },
    ...(askLedger === undefined ? {} : { askLedger }),
  });
  const watching = createModel(recorder.log.state(), () => performance.now());
  const silence = recorder.log.listen(({ event }) =>
    watching.apply(JSON.parse(JSON.stringify(event)) as RunEvent)
  );
  const dataway = await startDataway({ onUpload: recorder.onUpload });
  const lambda = await startLambda({
    extension: inProcessExtension(),
    memorySizeMb: FUNCTION.memoryMb,
    timeoutMs: FUNCTION.timeoutMs,
    env: {
      ENV_DATAWAY: dataway.url,
      ENV_HTTP_LISTEN: "127.0.0.1:0",
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
    },
    onEvent: recorder.onEvent,
    beforeFreeze: recorder.beforeFreeze,
  });
  const controls = createControls({ lambda, dataway, onChange: recorder.onArmed });
  return {
    recorder,
    lambda,
    controls,
    watching,
    [Symbol.asyncDispose]: async () => {
      silence();
      await lambda[Symbol.asyncDispose]();
      await dataway[Symbol.asyncDispose]();
    },
  };
}

const modelOf = ({ recorder }: Run): Model => createModel(recorder.log.state(), () => performance.now());

scenario("a page that has seen the events shows what one shows that fetched the state", async () => {
  await using run = await startRun();
  const { lambda } = run;
  await lambda.init();
  await lambda.invoke({ logs: ["hello"] });
  await lambda.invoke({ outcome: "error", errorType: "CardDeclined" });
  await lambda.invoke({ outcome: "hang" });
  await lambda.invoke({ logs: ["again"] });
  await lambda.shutdown();
  const fetched = modelOf(run);
  const { watching } = run;
  assertEquals(watching.invocations, fetched.invocations);
  assertEquals(watching.uploads, fetched.uploads);
  assertEquals(watching.phases, fetched.phases);
  assertEquals(watching.starts, fetched.starts);
  assertEquals(accountAt(watching, watching.now()), accountAt(fetched, fetched.now()));
  assertEquals(watching.head.mode, "ended");
});

scenario("an invocation's row tells its status, its start, its hold and what of it arrived", async () => {
  await using run = await startRun();
  const { lambda } = run;
  await lambda.init();
  const first = await lambda.invoke({ logs: ["hello"] });
  await lambda.invoke({ outcome: "error", errorType: "CardDeclined" });
  await lambda.invoke({ outcome: "hang" });
  await lambda.invoke({ outcome: "crash" });
  await lambda.shutdown().catch(() => {});
  const { invocations, phases, starts } = modelOf(run);
  assertEquals(invocations.map(({ status }) => status), ["ok", "error", "timeout", "crash"]);
  assertEquals(invocations.map(({ err }) => err), [
    "",
    "CardDeclined",
    "Sandbox.Timedout",
    "Runtime.ExitError",
  ]);
  const [cold, , late, after] = invocations;
  assert(cold !== undefined && late !== undefined && after !== undefined);
  assertEquals(cold.id, first.requestId);
  assertEquals(cold.billed, first.billedDurationMs);
  assert(Math.abs(cold.hold - (first.extensionHoldMs ?? NaN)) < 0.1);
  assert(cold.init > 0 && cold.inside === 0, "its init came before it");
  assert(Math.abs(late.run - FUNCTION.timeoutMs) < 60, `${late.run} ms`);
  assert(after.init > 0 && after.inside === 1, "its init is a part of it");
  assert(cold.pts[0] > 0 && cold.pts[1] > 0, "metrics and logs of it arrived");
  assertEquals(phases.filter(({ k }) => k === "reset").length, 2);
  assertEquals(starts.length, 2);
  assert(
    starts.every(({ extensionReadyMs, registerMs }) => registerMs >= 0 && extensionReadyMs >= registerMs),
  );
});

scenario("points that Dataway did not take are held, and arrive when it is back", async () => {
  await using run = await startRun();
  const { lambda, controls } = run;
  await lambda.init();
  await lambda.invoke({ logs: ["before"] });
  await controls.dataway("down");
  await lambda.invoke({ logs: ["meanwhile"] });
  const during = modelOf(run);
  const [, outage] = during.invocations;
  assert(outage !== undefined && outage.wait[1] === 1 && outage.pts[1] === 0, JSON.stringify(outage));
  assert(during.uploads.some(({ status, d }) => status === 0 && d >= 0), "uploads without an answer");
  assert((during.held.at(-1)?.points ?? 0) > 0);
  await controls.dataway("ok");
  await lambda.invoke({ logs: ["after"] });
  await lambda.shutdown();
  const after = modelOf(run);
  assertEquals(after.invocations[1]?.wait, [0, 0, 0]);
  assertEquals(after.invocations[1]?.lost, [0, 0, 0]);
  assertEquals(after.invocations[1]?.pts[1], 1);
  assertEquals(after.held.at(-1)?.points, 0);
  assertEquals(after.dataway.map(({ mode }) => mode), ["ok", "down", "ok"]);
});

scenario("the ledger adds up at the end of each life, and says so only where it does", async () => {
  await using run = await startRun();
  const { lambda } = run;
  await lambda.init();
  for (let i = 0; i < 3; i++) await lambda.invoke({ logs: [`line ${i}`] });
  await lambda.invoke({ outcome: "hang" });
  await lambda.invoke({ logs: ["again"] });
  await lambda.shutdown();
  const model = modelOf(run);
  const account = accountAt(model, model.now());
  assert(account !== undefined);
  const arrived = model.sums.arrivedAt(model.now()).reduce((sum, points) => sum + points, 0);
  assert(arrived > 0);
  assertEquals(account, { ...account, off: 0, held: 0, dropped: 0, exported: arrived, received: arrived });
  assertEquals(
    categoriesNow(model).map(({ arrived, received }) => arrived === received),
    [true, true, true],
  );
  // One point that Dataway never saw.
  run.recorder.log.put("held", { t: model.now(), points: 1, bytes: 1, seen: 0 });
  const falsified = modelOf(run);
  assertEquals(accountAt(falsified, falsified.now())?.off, -1);
});

scenario("an extension that is asked tells its ledger before each freeze, by category", async () => {
  let asked = 0;
  const word = (): LedgerWord => ({
    entries: [{
      source: "telemetry",
      category: "logging",
      received: 10 * asked,
      exported: 0,
      dropped: { too_large: asked },
    }],
    held: { points: 9 * asked, bytes: 100 },
    refused: { filtered: 2 * asked },
  });
  await using run = await startRun(() => {
    asked++;
    return Promise.resolve(word());
  });
  await run.lambda.init();
  await run.lambda.invoke();
  await run.lambda.invoke();
  assertEquals(asked, 2);
  const model = modelOf(run);
  assertEquals(model.head.ledger, "asked");
  assertEquals(model.head.refused, { filtered: 4 });
  const [t = 0] = model.heldTold.map((row) => row.t).slice(-1);
  assertEquals(model.sums.toldAt(t), [
    { source: 0, cat: 1, received: 20, exported: 0, dropped: 2 },
  ]);
  assertEquals([...model.sums.reasonsAt(t)], [["too_large", 2]]);
  const first = model.heldTold[0];
  assertEquals(model.sums.toldAt(first?.t ?? 0)[0]?.received, 10, "the moment of the first freeze");
});

scenario("points that went down with an extension are dropped, and counted with their reason", async () => {
  await using run = await startRun();
  const { lambda, controls } = run;
  await lambda.init();
  await lambda.invoke({ logs: ["before"] });
  await controls.dataway("down");
  await lambda.invoke({ logs: ["meanwhile"] });
  await lambda.shutdown();
  const model = modelOf(run);
  const lost = model.invocations[1]?.lost ?? [0, 0, 0];
  assert(lost[1] === 1, JSON.stringify(lost));
  const reasons = model.sums.reasonsAt(model.now());
  assert((reasons.get("gone_with_it") ?? 0) > 0, JSON.stringify([...reasons]));
});

Deno.test("points from between two invocations belong to the nearer one", () => {
  const start = 1_700_000_000_000;
  let clock = start;
  const recorder = createRecorder({
    function: FUNCTION,
    extension: { name: "datakit", version: "" },
    now: () => clock,
  });
  const invoke = (n: number, at: number): void => {
    const requestId = `id-${n}`;
    recorder.onEvent({ kind: "invoked", at, life: 1, requestId, payload: "{}" });
    recorder.onEvent({ kind: "runtimeDone", at: at + 20, requestId, status: "success" });
    const result = {
      requestId,
      response: "",
      startedAt: at,
      callerMs: 20,
      durationMs: 25,
      extensionHoldMs: 5,
    };
    const told = { status: "success", billedDurationMs: 25, maxMemoryUsedMb: 1 } as const;
    recorder.onEvent({ kind: "invocationEnded", at: at + 25, result: { ...result, ...told } });
  };
  invoke(1, start + 1100);
  invoke(2, start + 1300);
  clock = start + 1330;
  // The report is written just after the end; a span may be dated a little before its invocation.
  const points = [start + 1126, start + 1298].map((at): ReceivedPoint => ({
    category: "metric",
    measurement: "m",
    tags: new Map(),
    fields: new Map([["at", BigInt(Math.floor(at))]]),
    timeNs: BigInt(Math.floor(at)) * 1_000_000n,
  }));
  const upload = { method: "POST", path: "/", category: "metric", headers: new Headers(), points } as const;
  const answered = recorder.onUpload(
    { ...upload, wireBytes: 1, rawBytes: 1, status: 200, connection: 1 },
    new Uint8Array(),
  );
  answered(true);
  assertEquals(recorder.log.rows("invocation").map(({ pts }) => pts[0]), [1, 1]);
});

scenario("a start that fails says why, until one goes well", async () => {
  const recorder = createRecorder({ function: FUNCTION, extension: { name: "dead", version: "" } });
  const dead = { name: "dead", run: () => Promise.resolve(1) };
  await using lambda = await startLambda({ extension: dead, onEvent: recorder.onEvent });
  await lambda.init();
  assertEquals(recorder.log.head.failedStart, "Extension.Crash");
  const result = { status: "success", durationMs: 1 } as const;
  recorder.onEvent({ kind: "initialized", at: Date.now(), life: 2, phase: "init", result });
  assertEquals(recorder.log.head.failedStart, "");
});

scenario("a report holds the page, the run and every detail, and no text of it is HTML", async () => {
  await using run = await startRun();
  const { lambda, recorder } = run;
  await lambda.init();
  await lambda.invoke({ logs: ["</script><img src=x onerror=alert(1)>", "x".repeat(1_000_000)] });
  await lambda.shutdown();
  const html = renderReport(await readPageFile(), recorder);
  assertEquals(html.match(/<\/script>/g)?.length, 2, "of the data and of the page");
  const data = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(html)?.[1] ?? "";
  const { state, details } = JSON.parse(data);
  assertEquals([state.mode, state.tables.invocation.rows.length, details.length], ["report", 1, 1]);
  const texts: readonly string[] = details[0].logs.map(({ text }: { readonly text: string }) => text);
  assert(texts.includes("</script><img src=x onerror=alert(1)>"));
  assert(texts.every((text) => text.length < 300_000), "a line of 1 MB is cut");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
  assert(policy.startsWith("default-src 'none'; ") && !policy.includes("connect-src"));
});
