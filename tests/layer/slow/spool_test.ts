/** A real kill: the compiled executable with its own permissions, and files that only the disk remembers. */
import { assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable sends what it had spooled after a SIGKILL, once", async () => {
  const start = startExecutable(await buildBinary());
  // The executable may write below /tmp only.
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await using sandbox = await start({
      env: { ENV_SPOOL: "on", ENV_SPOOL_DIR: `${folder}/spool`, ENV_FLUSH_PLAN: "end" },
    });
    await sandbox.lambda.init();
    sandbox.dataway.reply(...Array.from({ length: 200 }, () => 503));
    // With a third failure in a row it would no longer wait for the invocation's telemetry.
    for (const name of ["a", "b"]) await sandbox.lambda.invoke({ logs: [name] });
    await sandbox.lambda.vanish();
    sandbox.dataway.clearReplies();
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["d"] });
    assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
    const logs = sandbox.dataway.points("logging").map(({ fields }) => fields.get("message")).sort();
    assertEquals(logs, ["a", "b", "d"]);
    assertEquals(sandbox.sum("invocations"), 3n);
    assertEquals(Array.from(Deno.readDirSync(`${folder}/spool`)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const spool of ["off", "on"] as const) {
  scenario(
    `short of memory the compiled executable ${spool === "on" ? "spools" : "drops"} what it cannot send`,
    async () => {
      const start = startExecutable(await buildBinary());
      const folder = await Deno.makeTempDir({ dir: "/tmp" });
      try {
        await using sandbox = await start({
          env: {
            ENV_SPOOL: spool,
            ENV_SPOOL_DIR: folder,
            ENV_FLUSH_PLAN: "end",
            // Less than the runtime alone takes.
            ENV_MEMORY_LIMIT: "1MiB",
          },
        });
        await sandbox.lambda.init();
        sandbox.dataway.reply(...Array.from({ length: 200 }, () => 503));
        await sandbox.lambda.invoke({
          logs: Array.from({ length: 2000 }, (_, n) => `${n} ${"x".repeat(100)}`),
        });
        sandbox.dataway.clearReplies();
        await sandbox.lambda.invoke();
        await sandbox.lambda.shutdown();
        const arrived = sandbox.dataway.points("logging").length;
        const said = sandbox.lines().filter((line) => line.includes("uses too much memory")).length;
        const counted = sandbox.lines().some((line) => line.includes(`"memory_pressure":${2000 - arrived}`));
        if (spool === "on") assertEquals([arrived, said, counted], [2000, 0, false]);
        else assertEquals([arrived < 2000, said, counted], [true, 1, true]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
