import { assertEquals } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { register } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { waitForKill } from "./received.ts";
import { sleep } from "./waiters.ts";

scenario("extensions API refuses with AWS's exact bodies", async () => {
  const opened = Promise.withResolvers<void>();
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill } });
  void lambda.init().finally(() => opened.resolve());
  const api = `http://${lambda.runtimeApi}`;
  const call = (path: string, init: RequestInit): Promise<readonly [number, unknown]> =>
    fetch(`${api}/2020-01-01/extension${path}`, init).then(async (r) => [r.status, await r.json()]);
  const post = (
    path: string,
    headers: HeadersInit,
    body: unknown = {},
  ): Promise<readonly [number, unknown]> =>
    call(path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  assertEquals(await post("/register", {}, { events: [] }), [
    403,
    { errorMessage: "Empty extension name", errorType: "Extension.InvalidExtensionName" },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { events: ["BOGUS"] }), [
    403,
    { errorMessage: "BOGUS: ErrorInvalidEventType", errorType: "Extension.InvalidEventType" },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { configurationKeys: ["a"] }), [
    403,
    {
      errorMessage: "configurationKeys are deprecated; use environment variables instead",
      errorType: "InvalidRequestFormat",
    },
  ]);
  assertEquals((await post("/register", { "Lambda-Extension-Name": "probe" }, "{"))[0], 403);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "other" }, { events: ["SHUTDOWN"] }), [
    403,
    {
      errorMessage: "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
      errorType: "Extension.InvalidEventType",
    },
  ]);
  const id = await register(api, "probe", ["INVOKE"]);
  const known = { "Lambda-Extension-Identifier": id };
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { events: [] }), [
    403,
    {
      errorMessage:
        "State transition from Registered to Registered failed for extension probe. Error: State transition is not allowed",
      errorType: "Extension.InvalidExtensionState",
    },
  ]);
  assertEquals(await call("/event/next", {}), [
    403,
    {
      errorMessage: "Missing Lambda-Extension-Identifier header",
      errorType: "Extension.MissingExtensionIdentifier",
    },
  ]);
  assertEquals(await call("/event/next", { headers: { "Lambda-Extension-Identifier": "nonsense" } }), [
    403,
    {
      errorMessage: "Invalid Lambda-Extension-Identifier",
      errorType: "Extension.InvalidExtensionIdentifier",
    },
  ]);
  const stranger = "00000000-0000-4000-8000-000000000000";
  assertEquals(await call("/event/next", { headers: { "Lambda-Extension-Identifier": stranger } }), [
    403,
    { errorMessage: `Unknown extension ${stranger}`, errorType: "Extension.UnknownExtensionIdentifier" },
  ]);
  assertEquals(await post("/init/error", known), [
    403,
    {
      errorMessage: "Lambda-Extension-Function-Error-Type not found",
      errorType: "Extension.MissingHeader",
    },
  ]);
  const giveUp = new AbortController();
  const blocked = fetch(`${api}/2020-01-01/extension/event/next`, { headers: known, signal: giveUp.signal })
    .catch(() => {});
  await opened.promise;
  assertEquals(await call("/event/next", { headers: known }), [
    403,
    {
      errorMessage:
        `State transition from Ready to Ready failed for extension ${id}. Error: State transition is not allowed`,
      errorType: "Extension.InvalidExtensionState",
    },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "late" }, { events: [] }), [
    403,
    {
      errorMessage: "Extension registration closed already",
      errorType: "Extension.RegistrationClosed",
    },
  ]);
  giveUp.abort();
  await blocked;
  await sleep(20);
  await lambda.vanish();
});

scenario("extensions API swallows the event of a next that was given up", async () => {
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill }, timeoutMs: 80 });
  const init = lambda.init();
  const api = `http://${lambda.runtimeApi}`;
  const headers = { "Lambda-Extension-Identifier": await register(api, "probe", ["INVOKE"]) };
  const giveUp = new AbortController();
  const blocked = fetch(`${api}/2020-01-01/extension/event/next`, { headers, signal: giveUp.signal })
    .catch(() => {});
  await init;
  giveUp.abort();
  await blocked;
  await sleep(20);
  assertEquals((await lambda.invoke()).status, "timeout");
  assertEquals(lambda.violations.slice(0, 1), ["extension probe gave up its next, so INVOKE is lost"]);
});

for (const kind of ["init", "exit"] as const) {
  scenario(`extensions API takes ${kind}/error as fatal, and its repetition without effect`, async () => {
    const extension = { name: "probe", run: waitForKill };
    await using lambda = await startLambda({ extension, shutdownBudgetMs: 60 });
    const init = lambda.init();
    const api = `http://${lambda.runtimeApi}`;
    const id = await register(api, "probe", ["SHUTDOWN"]);
    const headers = {
      "Lambda-Extension-Identifier": id,
      "Lambda-Extension-Function-Error-Type": "Extension.NoKey",
    };
    const url = `${api}/2020-01-01/extension/${kind}/error`;
    const report = (): Promise<readonly [number, string]> =>
      fetch(url, { method: "POST", headers }).then(async (r) => [r.status, await r.text()]);
    assertEquals(await Promise.all([report(), report()]), [[202, '{"status":"OK"}'], [
      202,
      '{"status":"OK"}',
    ]]);
    const { status, errorType } = await init;
    assertEquals([status, errorType], [
      "error",
      kind === "init" ? "Extension.InitError" : "Extension.ExitError",
    ]);
  });
}
