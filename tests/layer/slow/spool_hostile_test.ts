/** The spool's folder as the function's code may leave it: it costs no invocation, no memory, and nothing elsewhere. */
import { assertEquals, assertLess } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { forgeSpoolFile } from "../../pipeline/forge_spool_file.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

const MIB = 1024 * 1024;

/** 2 million frames without anything in them. */
function emptyPoints(): Uint8Array {
  const bytes = new Uint8Array(4_000_000);
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x0a;
  return bytes;
}

function lay(folder: string, parent: string): void {
  Deno.mkdirSync(folder, { mode: 0o700 });
  Deno.writeTextFileSync(`${parent}/precious`, "precious");
  let number = 0;
  const next = (): string => `${folder}/${String(++number).padStart(17, "0")}.spool`;
  new Deno.Command("mkfifo", { args: [`${folder}/unfinished.tmp`, next()] }).outputSync();
  Deno.symlinkSync("/dev/zero", next());
  Deno.symlinkSync(`${parent}/precious`, next());
  Deno.linkSync(`${parent}/precious`, next());
  const sparse = next();
  Deno.writeTextFileSync(sparse, "");
  Deno.truncateSync(sparse, 3e9);
  Deno.writeFileSync(next(), forgeSpoolFile([["otlp", 2 ** 53 - 1]], new Uint8Array([0x0a, 0])));
  Deno.writeFileSync(next(), forgeSpoolFile([["otlp", 2_000_000]], emptyPoints()));
  Deno.writeFileSync(next(), forgeSpoolFile([["otlp", 400_000]], emptyPoints().subarray(0, 800_000)));
}

scenario(
  "a hostile spool folder costs no invocation and no memory, and nothing outside of it changes",
  async () => {
    const start = startExecutable(await buildBinary());
    const parent = await Deno.makeTempDir({ dir: "/tmp" });
    try {
      lay(`${parent}/spool`, parent);
      await using sandbox = await start({
        freeze: false,
        env: { ENV_SPOOL: "on", ENV_SPOOL_DIR: `${parent}/spool`, ENV_FLUSH_PLAN: "end" },
      });
      const { lambda, dataway } = sandbox;
      await lambda.init();
      dataway.reply(...Array.from({ length: 200 }, () => 503));
      for (const name of ["a", "b"]) {
        const { status, extensionHoldMs = 0 } = await lambda.invoke({ logs: [name] });
        assertEquals(status, "success");
        assertLess(extensionHoldMs, 3000);
      }
      dataway.clearReplies();
      await lambda.invoke({ logs: ["c"] });
      const pid = lambda.processIds().get("datakit");
      const [, peakKiB] = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
      assertLess(Number(peakKiB) * 1024, 110 * MIB);
      assertEquals((await lambda.shutdown()).exitCode, 0);
      const logs = dataway.points("logging").map(({ fields }) => fields.get("message")).sort();
      assertEquals(logs, ["a", "b", "c"]);
      assertEquals(Deno.readTextFileSync(`${parent}/precious`), "precious");
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
);

for (const kind of ["link", "shared folder"] as const) {
  scenario(
    `a spool folder that is a ${kind} is not used: data waits in memory, and one line says why`,
    async () => {
      const start = startExecutable(await buildBinary());
      const parent = await Deno.makeTempDir({ dir: "/tmp" });
      try {
        await Deno.mkdir(`${parent}/other`);
        if (kind === "link") await Deno.symlink(`${parent}/other`, `${parent}/spool`);
        else {
          await Deno.mkdir(`${parent}/spool`);
          await Deno.chmod(`${parent}/spool`, 0o777);
        }
        await using sandbox = await start({
          env: { ENV_SPOOL: "on", ENV_SPOOL_DIR: `${parent}/spool`, ENV_FLUSH_PLAN: "end" },
        });
        await sandbox.lambda.init();
        sandbox.dataway.reply(...Array.from({ length: 200 }, () => 503));
        await sandbox.lambda.invoke({ logs: ["a"] });
        sandbox.dataway.clearReplies();
        await sandbox.lambda.invoke({ logs: ["b"] });
        assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
        const logs = sandbox.dataway.points("logging").map(({ fields }) => fields.get("message")).sort();
        assertEquals(logs, ["a", "b"]);
        assertEquals(Array.from(Deno.readDirSync(`${parent}/other`)), []);
        assertEquals(Array.from(Deno.readDirSync(`${parent}/spool`)), []);
        assertEquals(sandbox.lines().filter((line) => line.includes("The spool is off")).length, 1);
      } finally {
        await Deno.remove(parent, { recursive: true });
      }
    },
  );
}
