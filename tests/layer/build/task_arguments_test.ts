import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { run } from "../../../layer/build/command.ts";
import { taskArguments } from "../../../layer/build/task_arguments.ts";
import { scenario } from "../../support/scenario.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

Deno.test("taskArguments takes a leading -- and leaves any other", () => {
  assertEquals(taskArguments(["--", "--arch", "amd64"]), ["--arch", "amd64"]);
  assertEquals(taskArguments(["--arch", "amd64"]), ["--arch", "amd64"]);
  assertEquals(taskArguments(["a", "--", "b"]), ["a", "--", "b"]);
  assertEquals(taskArguments([]), []);
});

scenario("deno task build takes its options with and without --", async () => {
  for (const args of [["--", "--arch", "mips"], ["--arch", "mips"]]) {
    const { code, stdout } = await run(Deno.execPath(), ["task", "--quiet", "build", ...args], { cwd: ROOT });
    assertEquals([code, stdout], [
      1,
      "Build failed: Cannot build for --arch mips: it must be amd64 or arm64\n",
    ]);
  }
});

scenario(
  "tasks say what they do when they are asked, and what they cannot understand, without a stack",
  async () => {
    for (const task of ["build", "verify", "audit", "release", "emulate", "local", "demo", "bench"]) {
      const help = await run(Deno.execPath(), ["task", "--quiet", task, "--help"], { cwd: ROOT });
      assertEquals(help.code, 0, task);
      assertMatch(help.stdout, new RegExp(`^[A-Z][^]*\\n {2}deno task ${task}\\b`), task);
      const bad = await run(Deno.execPath(), ["task", "--quiet", task, "--bogus"], { cwd: ROOT });
      assertMatch(`${bad.stdout}${bad.stderr}`, /Unknown option '--bogus'/, task);
      assertNotMatch(`${bad.stdout}${bad.stderr}`, /^ +at /m, task);
      assertEquals(bad.code === 0, false, task);
    }
  },
);
