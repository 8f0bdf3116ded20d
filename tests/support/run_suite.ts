/**
 * A slow suite's task: `deno task test:layer -- --filter spool` runs its tests with what else `deno test` takes. By
 * `deno test` itself, what stands behind a `--` would be the tests' own arguments, and the filter would do nothing.
 */
import { taskArguments } from "../../layer/build/task_arguments.ts";

const [folder, ...given] = Deno.args;
if (folder === undefined) throw new Error("Cannot run a suite as its folder is not named: see deno.json");
const command = new Deno.Command(Deno.execPath(), {
  args: ["test", "-P", "--frozen", ...taskArguments(given), folder],
  cwd: new URL("../../", import.meta.url).pathname,
  stdin: "inherit",
  stdout: "inherit",
  stderr: "inherit",
});
Deno.exit((await command.spawn().status).code);
