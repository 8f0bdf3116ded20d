import { assertEquals } from "@std/assert";
import type { NextResult } from "../../src/lambda/extensions_api.ts";
import { idle } from "../../src/lambda/idle.ts";
import { installFakeTime } from "../support/fake_time.ts";

const INVOKE: NextResult = { type: "invoke", requestId: "r1", deadlineAt: 0, invokedFunctionArn: "arn" };
const SHUTDOWN: NextResult = { type: "shutdown", reason: "spindown", deadlineAt: 0 };
const BROKEN: NextResult = { type: "transport_error", error: "reset" };
const UNKNOWN: NextResult = { type: "unknown", eventType: "RESTORE" };
const REFUSED: NextResult = { type: "refused", httpStatus: 403, error: "Cannot go on: 403" };

for (
  const [name, events, end, waitedMs] of [
    ["to SHUTDOWN through invocations", [INVOKE, INVOKE, SHUTDOWN], { exitCode: 0, reason: "spindown" }, 0],
    [
      "over broken and unknown answers, a little later each time",
      [BROKEN, UNKNOWN, BROKEN, INVOKE, BROKEN, SHUTDOWN],
      { exitCode: 0, reason: "spindown" },
      50 + 200 + 500 + 50,
    ],
    [
      "until nothing comes any more",
      [BROKEN, BROKEN, BROKEN, BROKEN],
      { exitCode: 1, reason: "Lambda gave no more events" },
      50 + 200 + 500,
    ],
    ["until Lambda refuses to serve it", [INVOKE, REFUSED], { exitCode: 1, reason: "Cannot go on: 403" }, 0],
  ] as const
) {
  Deno.test(`idle() serves next ${name}`, async () => {
    using time = installFakeTime();
    const left = [...events];
    const ended = idle({
      next: () => {
        const event = left.shift();
        if (event === undefined) throw new Error("There is no more event to ask for");
        return Promise.resolve(event);
      },
    });
    await time.settle();
    while (await time.step());
    assertEquals(await ended, end);
    assertEquals([left.length, time.elapsedMs], [0, waitedMs]);
  });
}
