import { assertEquals } from "@std/assert";
import { taskArguments } from "../../../layer/build/task_arguments.ts";

Deno.test("taskArguments takes a leading -- and leaves any other", () => {
  assertEquals(taskArguments(["--", "--arch", "amd64"]), ["--arch", "amd64"]);
  assertEquals(taskArguments(["--arch", "amd64"]), ["--arch", "amd64"]);
  assertEquals(taskArguments(["a", "--", "b"]), ["a", "--", "b"]);
  assertEquals(taskArguments([]), []);
});
