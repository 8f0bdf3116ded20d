/**
 * Lambda's own runtime client around a handler, so that a function that is written for a managed runtime can be run
 * as it is: the one that the project has installed, else one from npm or PyPI, kept under `.cache`.
 */
import type { FunctionCommand } from "../options.ts";

export interface RuntimeClientOptions {
  /** As in Lambda's setting: `src/index.handler`. */
  readonly handler: string;
  /** The function's folder. */
  readonly folder: string;
  readonly print: (line: string) => void;
}

const CACHE = new URL("../../../.cache/local", import.meta.url).pathname;
const NODE_CLIENT = "aws-lambda-ric";
/** The newest that the Node.js runs, by its least major version. */
const NODE_VERSIONS: readonly (readonly [least: number, version: string])[] = [[22, "4.0.2"], [0, "3.3.0"]];
const PYTHON_CLIENT = "awslambdaric";
const PYTHON_VERSION = "4.2.2";
const NODE_FILES = [".js", ".mjs", ".cjs"];

/** The command of the handler's language, told by its file. Throws in words when there is none. */
export async function withRuntimeClient(options: RuntimeClientOptions): Promise<FunctionCommand> {
  const { handler, folder } = options;
  const file = `${folder}/${handler.slice(0, handler.lastIndexOf("."))}`;
  const found = (endings: readonly string[]): boolean => endings.some((ending) => isFile(`${file}${ending}`));
  if (found(NODE_FILES)) return await nodeCommand(options);
  if (found([".py"])) return await pythonCommand(options);
  const names = [...NODE_FILES, ".py"].map((ending) => `${file}${ending}`);
  throw new Error(`Cannot find the handler ${handler}: there is none of ${names.join(", ")}`);
}

async function nodeCommand({ folder, print }: RuntimeClientOptions): Promise<FunctionCommand> {
  const major = Number(/^v(\d+)/.exec(await run("node", ["--version"]))?.[1]);
  const own = `${folder}/node_modules/${NODE_CLIENT}`;
  let client = isFile(`${own}/package.json`) ? own : undefined;
  if (client === undefined) {
    const version = NODE_VERSIONS.find(([least]) => major >= least)?.[1] ?? "";
    const target = `${CACHE}/node-${version}`;
    client = `${target}/node_modules/${NODE_CLIENT}`;
    if (!isFile(`${client}/package.json`)) {
      print(`fetching ${NODE_CLIENT} ${version} from npm`);
      await Deno.mkdir(target, { recursive: true });
      // Its addon is not compiled: `node_client.mjs` speaks HTTP in its place.
      const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", target];
      await run("npm", ["install", ...flags, `${NODE_CLIENT}@${version}`]);
    }
  }
  const { main } = JSON.parse(await Deno.readTextFile(`${client}/package.json`));
  return {
    program: "node",
    args: [new URL("node_client.mjs", import.meta.url).pathname],
    env: { FUNCTION_RUNTIME_CLIENT: `file://${client}/${main}` },
  };
}

async function pythonCommand(
  { handler, folder, print }: RuntimeClientOptions,
): Promise<FunctionCommand> {
  const python = [`${folder}/.venv/bin/python`, `${folder}/venv/bin/python`].find(isFile) ?? "python3";
  const args = ["-m", PYTHON_CLIENT, handler];
  if (await works(python, ["-c", `import ${PYTHON_CLIENT}`])) return { program: python, args };
  // Compiled parts are of one version of Python.
  const version = await run(python, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  const target = `${CACHE}/python-${version.trim()}-${PYTHON_VERSION}`;
  if (!isFile(`${target}/${PYTHON_CLIENT}/__init__.py`)) {
    print(`fetching ${PYTHON_CLIENT} ${PYTHON_VERSION} from PyPI`);
    const flags = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--target", target];
    await run(python, ["-m", "pip", "install", ...flags, `${PYTHON_CLIENT}==${PYTHON_VERSION}`]);
  }
  return { program: python, args, env: { PYTHONPATH: target } };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `Cannot prepare the runtime client as ${program} fails: ${new TextDecoder().decode(stderr)}`,
  );
}
