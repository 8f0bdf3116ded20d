/**
 * The least that an extension can be: it registers and asks for its first event. What a start costs beyond it is ours.
 * Compiled as the extension is.
 */
const api = Deno.env.toObject()["AWS_LAMBDA_RUNTIME_API"];
const base = `http://${api}/2020-01-01/extension`;
const registered = await fetch(`${base}/register`, {
  method: "POST",
  headers: { "lambda-extension-name": Deno.execPath().split("/").at(-1) ?? "" },
  body: '{"events":["INVOKE","SHUTDOWN"]}',
});
await registered.body?.cancel();
const identifier = registered.headers.get("lambda-extension-identifier") ?? "";
for (let type = ""; type !== "SHUTDOWN";) {
  const next = await fetch(`${base}/event/next`, { headers: { "lambda-extension-identifier": identifier } });
  ({ eventType: type } = await next.json());
}
Deno.exit();
