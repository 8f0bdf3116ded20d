/**
 * `deno task test:page`: the page in Chromium. The suite has a configuration of its own, since nothing else here may
 * depend on what drives a browser: so its formatting, lint and types are looked at here, too.
 */
import { taskArguments } from "../../../layer/build/task_arguments.ts";

const FOLDER = new URL("./chromium/", import.meta.url).pathname;
const STEPS: readonly (readonly string[])[] = [
  ["fmt", "--check", "--quiet"],
  ["lint", "--quiet"],
  ["check", "--quiet"],
  ["test", "-A", "--frozen", "--no-check", ...taskArguments(Deno.args)],
];

const COMMANDS = [
  // What is tested has to be what the sources give, whatever the hash in it says.
  ["run", "-A", new URL("./build_page.ts", import.meta.url).pathname, "--check"],
  ...STEPS.map((args) => [...args, `--config=${FOLDER}deno.json`, FOLDER]),
];

for (const args of COMMANDS) {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
  const { code } = await command.spawn().status;
  if (code !== 0) Deno.exit(code);
}
