/** PyPI's `awslambdaric`: its error record got another key, and lost a warning before it, on the way to version 4. */
import { once, run } from "../clients/language.ts";
import { BOTH, casesOf, JSON_ONLY } from "./cases.ts";
import { cacheDir, type Language, machineEnv, type RuntimeClient, sourceDir } from "./runtime.ts";

const DIR = cacheDir("python");
const SOURCE = sourceDir("python");
const MANIFESTS: Readonly<Record<string, string>> = {
  "4.2.2": "requirements.txt",
  "3.0.2": "requirements_3.0.2.txt",
};

function client(version: string): RuntimeClient {
  return {
    name: "awslambdaric",
    version,
    command: () => ({
      program: `${DIR}/${version}/venv/bin/python`,
      args: ["-B", "-m", "awslambdaric", "handler.handler"],
      cwd: SOURCE,
      env: { ...machineEnv(), LAMBDA_TASK_ROOT: SOURCE },
    }),
    ...version === "3.0.2" ? { asides: ["LAMBDA_WARNING"] } : {},
  };
}

/** Python. */
export const PYTHON: Language = {
  name: "Python",
  needs: [["python3", "-m", "ensurepip", "--version"]],
  pipes: ["framed", "unframed"],
  clients: Object.keys(MANIFESTS).map(client),
  cases: casesOf({
    and: [
      "thrown, group",
      "thrown, tabs and own fields",
      "logged last, in the function's own format",
      "logged last, printed stack",
      "exit",
    ],
  }),
  loggers: [
    { name: "print", structured: BOTH },
    { name: "logging", structured: JSON_ONLY },
    { name: "powertools", structured: BOTH },
    { name: "structlog", structured: BOTH },
    { name: "python-json-logger", structured: BOTH },
    { name: "loguru", structured: BOTH, nested: true },
  ],
  install: async () => {
    for (const [version, manifest] of Object.entries(MANIFESTS)) {
      const target = `${DIR}/${version}`;
      await once(target, [`${SOURCE}/${manifest}`], async () => {
        await run("python3", ["-m", "venv", "--clear", `${target}/venv`]);
        const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
        await run(`${target}/venv/bin/python`, [...pip, "--requirement", `${SOURCE}/${manifest}`]);
      });
    }
  },
};
