import { assertEquals, assertStringIncludes } from "@std/assert";
import { createExtensionsApi, type ExtensionsApi } from "../../src/lambda/extensions_api.ts";

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isLimited: boolean;
}

type Answer = Response | Error;

/** A client whose Lambda gives these answers, the last one again and again. */
function openApi(...answers: readonly Answer[]): { api: ExtensionsApi; calls: Call[]; waitsMs: number[] } {
  const calls: Call[] = [];
  const waitsMs: number[] = [];
  const api = createExtensionsApi({
    name: "datakit",
    now: () => 1000,
    delay: (ms) => Promise.resolve(void waitsMs.push(ms)),
    send: async ({ method, path, fields, body = "", timeoutMs }) => {
      const answer = answers[Math.min(calls.length, answers.length - 1)];
      const headers = Object.fromEntries(fields);
      calls.push({ path, method, headers, body, isLimited: timeoutMs !== undefined });
      if (!(answer instanceof Response)) throw answer;
      return { status: answer.status, fields: Array.from(answer.headers), text: await answer.clone().text() };
    },
  });
  return { api, calls, waitsMs };
}

function registered(body: unknown = {}): Response {
  return Response.json(body, { headers: { "lambda-extension-identifier": "id-1" } });
}

Deno.test("extensionsApi.register() asks for INVOKE, SHUTDOWN and the account under its file name", async () => {
  const { api, calls } = openApi(
    registered({ functionName: "f", functionVersion: "7", handler: "h", accountId: "123456789012" }),
  );
  assertEquals(await api.register({ managedInstance: false }), {
    status: "registered",
    identifier: "id-1",
    functionName: "f",
    functionVersion: "7",
    handler: "h",
    accountId: "123456789012",
  });
  assertEquals(calls.map(({ path, method, body }) => ({ path, method, body })), [{
    path: "/2020-01-01/extension/register",
    method: "POST",
    body: '{"events":["INVOKE","SHUTDOWN"]}',
  }]);
  assertEquals(calls[0]?.headers["lambda-extension-name"], "datakit");
  assertEquals(calls[0]?.headers["lambda-extension-accept-feature"], "accountId");
});

Deno.test("extensionsApi.register() asks for SHUTDOWN only on managed instances", async () => {
  const { api, calls } = openApi(registered());
  await api.register({ managedInstance: true });
  assertEquals(calls[0]?.body, '{"events":["SHUTDOWN"]}');
});

Deno.test("extensionsApi.register() takes a reply without a readable body", async () => {
  const { api } = openApi(new Response("<", { headers: { "lambda-extension-identifier": "id-1" } }));
  assertEquals(await api.register({ managedInstance: false }), {
    status: "registered",
    identifier: "id-1",
    functionName: "",
    functionVersion: "",
    handler: "",
  });
});

for (
  const answer of [
    new Error("connection refused"),
    new Response("", { status: 500 }),
    new Response("", { status: 429 }),
  ]
) {
  const what = answer instanceof Error ? "no answer" : `a ${answer.status}`;
  Deno.test(`extensionsApi.register() tries three times for ${what}`, async () => {
    const { api, calls, waitsMs } = openApi(answer);
    assertEquals((await api.register({ managedInstance: false })).status, "failed");
    assertEquals(calls.length, 3);
    assertEquals(waitsMs, [200, 400]);
    const better = openApi(answer, registered());
    assertEquals((await better.api.register({ managedInstance: false })).status, "registered");
  });
}

Deno.test("extensionsApi.register() takes another 4xx and a reply without an identifier as final", async () => {
  const refusal = Response.json({ errorType: "Extension.InvalidEventType", errorMessage: "no" }, {
    status: 403,
  });
  const { api, calls } = openApi(refusal);
  const result = await api.register({ managedInstance: false });
  assertEquals(result.status === "failed" && result.httpStatus, 403);
  assertStringIncludes(result.status === "failed" ? result.error : "", "403 Extension.InvalidEventType no");
  assertEquals(calls.length, 1);
  assertEquals((await openApi(Response.json({})).api.register({ managedInstance: false })).status, "failed");
});

Deno.test("extensionsApi.next() polls under its identifier, without any time limit", async () => {
  const { api, calls } = openApi(registered(), Response.json({}));
  await api.register({ managedInstance: false });
  await api.next();
  assertEquals(calls[1], {
    path: "/2020-01-01/extension/event/next",
    method: "GET",
    headers: { "lambda-extension-identifier": "id-1" },
    body: "",
    isLimited: false,
  });
});

const INVOKE = {
  eventType: "INVOKE",
  deadlineMs: 1789041603431,
  requestId: "r1",
  invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout:live",
};

for (
  const [name, body, expected] of [
    ["an INVOKE", { ...INVOKE, tracing: { type: "X-Amzn-Trace-Id", value: "Root=1" } }, {
      type: "invoke",
      requestId: "r1",
      deadlineAt: 1789041603431,
      invokedFunctionArn: INVOKE.invokedFunctionArn,
      traceHeader: "Root=1",
    }],
    ["an INVOKE with little in it", {
      eventType: "INVOKE",
      requestId: "r1",
      deadlineMs: "soon",
      tracing: null,
    }, {
      type: "invoke",
      requestId: "r1",
      deadlineAt: 4000,
      invokedFunctionArn: "",
    }],
    ["an INVOKE of no request", { eventType: "INVOKE" }, { type: "unknown", eventType: "INVOKE" }],
    ["a SHUTDOWN", { eventType: "SHUTDOWN", shutdownReason: "spindown", deadlineMs: 5 }, {
      type: "shutdown",
      reason: "spindown",
      deadlineAt: 5,
    }],
    ["a SHUTDOWN in capitals", { eventType: "SHUTDOWN", shutdownReason: "TIMEOUT", deadlineMs: 5 }, {
      type: "shutdown",
      reason: "timeout",
      deadlineAt: 5,
    }],
    ["a SHUTDOWN for a new reason", { eventType: "SHUTDOWN", shutdownReason: "moved" }, {
      type: "shutdown",
      reason: "unknown",
      deadlineAt: 3000,
    }],
    ["an event of the future", { eventType: "THAW" }, { type: "unknown", eventType: "THAW" }],
    ["null", null, { type: "unknown", eventType: "" }],
  ] as const
) {
  Deno.test(`extensionsApi.next() decodes ${name}`, async () => {
    const { api } = openApi(Response.json(body));
    assertEquals(await api.next(), expected);
  });
}

Deno.test("extensionsApi.next() tells no JSON, no answer and a refusal apart", async () => {
  assertEquals(await openApi(new Response("oops")).api.next(), { type: "unknown", eventType: "" });
  assertEquals(await openApi(new TypeError("broken pipe")).api.next(), {
    type: "transport_error",
    error: "TypeError: broken pipe",
  });
  for (const status of [302, 403, 500]) {
    const result = await openApi(new Response("", { status })).api.next();
    assertEquals(result.type === "refused" && result.httpStatus, status);
  }
});
