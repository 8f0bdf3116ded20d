/** The program's own failures: whatever breaks in it, the function's invocations go on. */
import { assertEquals } from "@std/assert";
import { runExtension } from "../src/extension.ts";
import type { NextResult } from "../src/lambda/extensions_api.ts";
import { createSockets } from "../src/net/sockets.ts";

const REGISTRATION = {
  status: "registered",
  identifier: "id",
  functionName: "f",
  functionVersion: "1",
  handler: "h",
} as const;

Deno.test("runExtension() serves next until SHUTDOWN when its parts cannot be put together, and says so once", async () => {
  const events: NextResult[] = [
    { type: "invoke", requestId: "r1", deadlineAt: Date.now() + 3000, invokedFunctionArn: "arn" },
    { type: "shutdown", reason: "spindown", deadlineAt: Date.now() + 2000 },
  ];
  const lines: string[] = [];
  const end = await runExtension({
    env: new Proxy({}, {
      get: () => {
        throw new TypeError("bug");
      },
      ownKeys: () => {
        throw new TypeError("bug");
      },
    }),
    shell: {
      registration: REGISTRATION,
      managedInstance: false,
      next: () =>
        Promise.resolve(events.shift() ?? { type: "refused", httpStatus: 403, error: "asked too often" }),
      sockets: createSockets(),
      subscription: undefined,
      [Symbol.dispose]: () => {},
    },
    hostname: () => "h",
    writeLog: (line) => void lines.push(line),
  });
  assertEquals([end.exitCode, end.reason, events.length], [0, "spindown", 0]);
  assertEquals(lines.map((line) => JSON.parse(line).message), ["The extension idles as it could not start"]);
});
