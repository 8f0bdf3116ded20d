/** What starts one of our commands inside the function's container, for users to paste: Node.js and Python. */
export function snippets(command: string): string {
  const file = "/opt/extensions/datakit";
  return `  Node.js   console.log(require("node:child_process").spawnSync("${file}", ["${command}"]).stdout.toString())
  Python    import subprocess; print(subprocess.run(["${file}", "${command}"], stdout=subprocess.PIPE).stdout.decode())`;
}
