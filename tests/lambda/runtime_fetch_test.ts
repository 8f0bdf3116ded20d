import { assertEquals } from "@std/assert";
import { scenario } from "../support/scenario.ts";

scenario("createRuntimeClient() goes to Lambda itself, whatever proxy the customer has set", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return new Response(new URL(request.url).pathname);
  });
  const nowhere = "http://127.0.0.1:1";
  const script = new URL("./ask_past_proxy.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-check",
      "--allow-net=127.0.0.1",
      script,
      `127.0.0.1:${server.addr.port}`,
    ],
    env: { HTTP_PROXY: nowhere, http_proxy: nowhere, ALL_PROXY: nowhere, NO_PROXY: "" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "/path");
});
