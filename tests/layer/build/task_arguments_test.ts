import { assertEquals } from "@std/assert";
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
