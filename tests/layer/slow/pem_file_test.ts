/** Files of certificates that settings name, as no certificate would be: they cost a line, and no invocation. */
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("a pipe or gigabytes in place of a PEM file cost a line, and no invocation", async () => {
  const start = startExecutable(await buildBinary());
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  const [pipe, sparse] = [`${folder}/pipe.pem`, `${folder}/sparse.pem`];
  try {
    new Deno.Command("mkfifo", { args: [pipe] }).outputSync();
    await Deno.writeTextFile(sparse, "");
    await Deno.truncate(sparse, 3e9);
    const target = { ENV_OTLP_TARGET: "https://127.0.0.1:1" };
    const environments: readonly (readonly [Record<string, string>, string])[] = [
      [{ ENV_DATAWAY_CA_FILE: pipe }, "it is no regular file"],
      [{ ENV_DATAWAY_CA_FILE: sparse }, "it has more than 1048576 bytes"],
      [{ ...target, ENV_OTLP_TARGET_CA_FILE: pipe }, "it is no regular file"],
      [
        { ...target, ENV_OTLP_TARGET_CLIENT_CERT_FILE: pipe, ENV_OTLP_TARGET_CLIENT_KEY_FILE: sparse },
        "it is no regular file",
      ],
    ];
    for (const [env, reason] of environments) {
      await using sandbox = await start({ freeze: false, env: { ENV_FLUSH_PLAN: "end", ...env } });
      await sandbox.lambda.init();
      const { status, extensionHoldMs = 0 } = await sandbox.lambda.invoke({ logs: ["a"] });
      assertEquals(status, "success");
      assertLess(extensionHoldMs, 2000);
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      const logs = sandbox.dataway.points("logging").map(({ fields }) => fields.get("message"));
      assertEquals(logs, ["a"], JSON.stringify(env));
      assertStringIncludes(sandbox.lines().join("\n"), reason);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
