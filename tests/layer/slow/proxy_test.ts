import { assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startTestProxy } from "../../dataway/test_proxy.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario(
  "the executable reads the proxy variables as Go and curl do, and its own runtime does not",
  async () => {
    const start = startExecutable(await buildBinary());
    await using proxy = startTestProxy();
    const cases: readonly (readonly [env: Readonly<Record<string, string>>, isProxied: boolean])[] = [
      [{ HTTP_PROXY: proxy.url }, true],
      [{ http_proxy: proxy.url }, true],
      [{ ALL_PROXY: `127.0.0.1:${proxy.port}` }, true],
      [{ HTTPS_PROXY: proxy.url }, false],
      [{ HTTP_PROXY: proxy.url, NO_PROXY: "*" }, false],
      [{ HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.0/8" }, false],
      [{ HTTP_PROXY: proxy.url, no_proxy: "127.0.0.1:1" }, true],
      [{ HTTP_PROXY: proxy.url, NO_PROXY: "*.0.0.1" }, true],
      [{ ENV_DATAWAY_HTTP_PROXY: proxy.url }, true],
    ];
    for (const [env, isProxied] of cases) {
      const before = proxy.requestLines.length;
      await using sandbox = await start({ env });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["x"] });
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      const lines = proxy.requestLines.slice(before);
      assertEquals(lines.some((line) => line.includes("/v1/write/")), isProxied, JSON.stringify(env));
      // The function of this test goes through it to the Runtime API; the extension must not.
      assertEquals(lines.filter((line) => /\/extension\/|\/telemetry/.test(line)), []);
      assertEquals(sandbox.dataway.points("logging").length, 1);
    }
  },
);
