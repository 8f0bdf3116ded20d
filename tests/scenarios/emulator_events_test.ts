/** What the emulator tells those who watch it: every change, once, in order, with its times. */
import { assert, assertEquals } from "@std/assert";
import type { SandboxEvent } from "../emulator/events.ts";
import { fakeExtension } from "../emulator/fake_extension.ts";
import { startLambda } from "../emulator/lambda.ts";
import { scenario } from "../support/scenario.ts";

/** The kinds in order, without what comes from the programs themselves. */
function story(events: readonly SandboxEvent[]): readonly string[] {
  return events.filter(({ kind }) => kind !== "log" && kind !== "call").map(({ kind }) => kind);
}

scenario("lambda tells a sandbox with a reset event by event", async () => {
  const events: SandboxEvent[] = [];
  let rests = 0;
  await using lambda = await startLambda({
    extension: fakeExtension(),
    timeoutMs: 300,
    onEvent: (event) => void events.push(event),
    beforeFreeze: () => {
      rests++;
      return Promise.resolve();
    },
  });
  await lambda.init();
  await lambda.invoke({ logs: ["hello"] });
  await lambda.invoke({ outcome: "hang" });
  await lambda.invoke();
  await lambda.shutdown();
  const invocation = ["invoked", "runtimeDone"];
  const calm = ["frozen", "invocationEnded"];
  assertEquals(story(events), [
    "initStarted",
    "initialized",
    ...[...invocation, ...calm],
    ...["invoked", "thawed", "runtimeDone", "ending", "ended", "invocationEnded"],
    "initStarted",
    "initialized",
    ...[...invocation, ...calm],
    ...["ending", "thawed", "ended"],
  ]);
  assertEquals(rests, 2, "one rest for each hold that came to its end");
  assertEquals(
    events.flatMap((event) => event.kind === "initStarted" ? [[event.life, event.phase]] : []),
    [[1, "init"], [2, "invoke"]],
  );
  const lines = events.flatMap((event) =>
    event.kind === "log" && event.entry.source === "function" ? event.entry.line : []
  );
  assertEquals(lines, ["hello"]);
  const times = events.flatMap((event) => "at" in event ? event.at : []);
  // The invocation that waits for its own init came before it.
  const disorder = times.filter((at, i) => at < (times[i - 1] ?? 0));
  assertEquals(disorder.length, 1);
  assert(events.some((event) => event.kind === "call" && event.call.call === "register"));
});

scenario("lambda's time of an invocation leaves out what is asked before the freeze", async () => {
  const restMs = 150;
  await using lambda = await startLambda({
    extension: fakeExtension(),
    beforeFreeze: () => new Promise((resolve) => setTimeout(resolve, restMs)),
  });
  await lambda.init();
  const { durationMs, extensionHoldMs = Infinity } = await lambda.invoke();
  assert(durationMs < restMs, `${durationMs} ms`);
  assert(extensionHoldMs < restMs, `${extensionHoldMs} ms`);
  await lambda.shutdown();
});
