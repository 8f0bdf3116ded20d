/** The whole program with `ENV_SPOOL=on`: what Dataway did not take outlives the extension, and arrives once. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { type InProcessSandbox, startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

type Files = ReadonlyMap<string, Uint8Array>;

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await run(`${parent}/spool`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

function start(folder: string, env: Readonly<Record<string, string>> = {}): Promise<InProcessSandbox> {
  return startSandbox({ env: { ENV_SPOOL: "on", ENV_SPOOL_DIR: folder, ENV_FLUSH_PLAN: "end", ...env } });
}

function down({ dataway }: InProcessSandbox): void {
  dataway.reply(...Array.from({ length: 200 }, () => 503));
}

function readAll(folder: string): Files {
  return new Map(
    Array.from(
      Deno.readDirSync(folder),
      ({ name }) => [name, Deno.readFileSync(`${folder}/${name}`)] as const,
    ),
  );
}

/**
 * Kills the extension. In the test's process it runs on for a moment and sees that Lambda is gone; what it still
 * does to its files then is undone, as a killed process would not have done it.
 */
async function kill({ lambda }: InProcessSandbox, folder: string): Promise<void> {
  const files = readAll(folder);
  await lambda.vanish();
  for (const name of readAll(folder).keys()) await Deno.remove(`${folder}/${name}`);
  for (const [name, bytes] of files) await Deno.writeFile(`${folder}/${name}`, bytes);
}

function logs({ dataway }: InProcessSandbox): unknown[] {
  return dataway.points("logging").map(({ fields }) => fields.get("message")).sort();
}

function assertAccounts({ extension }: InProcessSandbox): void {
  for (const { ledger, held } of extension.ends) {
    let balance = held;
    for (const { received, exported, dropped } of ledger.entries()) {
      balance -= received - exported;
      for (const count of dropped.values()) balance += count;
    }
    assertEquals(balance, 0);
  }
}

scenario(
  "spool: what Dataway did not take arrives once after the extension was killed and restarted",
  () =>
    withFolder(async (folder) => {
      await using sandbox = await start(folder);
      await sandbox.lambda.init();
      down(sandbox);
      // With a third failure in a row it would no longer wait for the invocation's telemetry.
      for (const name of ["a", "b"]) await sandbox.lambda.invoke({ logs: [name] });
      await kill(sandbox, folder);
      assertEquals(logs(sandbox), []);
      sandbox.dataway.clearReplies();
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["d"] });
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      assertEquals(logs(sandbox), ["a", "b", "d"]);
      assertEquals(sandbox.sum("invocations"), 3n);
      assertEquals(readAll(folder).size, 0);
      assertEquals(sandbox.extension.ends[1]?.held, 0);
      assertAccounts(sandbox);
    }),
);

scenario(
  "spool: files are sent by the same process once Dataway is back, and data leaves memory for them",
  () =>
    withFolder(async (folder) => {
      await using sandbox = await start(folder, { ENV_DATAWAY_BUDGET: "200ms" });
      await sandbox.lambda.init();
      sandbox.dataway.reply(...Array.from({ length: 6 }, () => 503));
      await sandbox.lambda.invoke({ logs: ["a"] });
      assertGreater(readAll(folder).size, 0);
      sandbox.dataway.clearReplies();
      await sandbox.lambda.invoke({ logs: ["b"] });
      await sandbox.lambda.shutdown();
      assertEquals(logs(sandbox), ["a", "b"]);
      assertEquals(readAll(folder).size, 0);
      assertAccounts(sandbox);
    }),
);

scenario(
  "spool: shutdown's end writes what is left, and the next process of the sandbox sends it",
  () =>
    withFolder(async (folder) => {
      await using sandbox = await start(folder, { ENV_FLUSH_PLAN: "periodic,1h" });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["a"] });
      down(sandbox);
      await sandbox.lambda.invoke({ logs: ["b"] });
      await sandbox.lambda.shutdown("timeout");
      assert(sandbox.lines().some((line) => line.includes("waits in the spool")), sandbox.lines().join("\n"));
      sandbox.dataway.clearReplies();
      await sandbox.lambda.invoke({ logs: ["c"] });
      await sandbox.lambda.shutdown();
      assertEquals(logs(sandbox), ["a", "b", "c"]);
      assertAccounts(sandbox);
    }),
);

scenario(
  "spool: a folder that cannot be written costs one line, and data waits in memory",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(folder, "a file where the folder should be");
      await using sandbox = await start(folder);
      await sandbox.lambda.init();
      sandbox.dataway.reply(503);
      for (const name of ["a", "b", "c"]) await sandbox.lambda.invoke({ logs: [name] });
      sandbox.dataway.clearReplies();
      await sandbox.lambda.shutdown();
      assertEquals(logs(sandbox), ["a", "b", "c"]);
      assertEquals(sandbox.lines().filter((line) => line.includes("The spool is off")).length, 1);
      assertAccounts(sandbox);
    }),
);

scenario("spool: a healthy sandbox writes nothing", () =>
  withFolder(async (folder) => {
    await using sandbox = await start(folder);
    await sandbox.lambda.init();
    for (const name of ["a", "b"]) await sandbox.lambda.invoke({ logs: [name] });
    await sandbox.lambda.shutdown();
    assertEquals(await Deno.stat(folder).catch(() => "none"), "none");
    assertEquals(sandbox.lines(), []);
  }));

scenario(
  "spool: files that no process came to read are told of when the sandbox is given up",
  () =>
    withFolder(async (folder) => {
      await using sandbox = await start(folder, { ENV_DATAWAY_BUDGET: "200ms" });
      await sandbox.lambda.init();
      sandbox.dataway.otherwise(503);
      for (const name of ["a", "b"]) {
        await sandbox.lambda.invoke({
          logs: Array.from({ length: 1000 }, (_, n) => `${name}${n} ${"x".repeat(900)}`),
        });
      }
      await sandbox.lambda.shutdown("timeout");
      const files = readAll(folder).size;
      assertGreater(files, 4);
      // As many are on their way at the end as go side by side, and none is answered.
      sandbox.dataway.otherwise("hang");
      await sandbox.lambda.init();
      await sandbox.lambda.shutdown();
      const last = JSON.parse(sandbox.lines().at(-1) ?? "{}");
      assertEquals(last.message, "Data was lost in this sandbox");
      assertEquals([last.spooled > 0, last.unreadFiles], [true, files - 4]);
      assertAccounts(sandbox);
    }),
);
