/** What the sandbox gives: memory, architecture, and the layer's folder. */
import type { Environment } from "../../config/reader.ts";
import { architectureOf, ownArchitecture } from "./elf.ts";
import { fault, type Finding, note, ok } from "./finding.ts";

/** Where the doctor looks, which differs in tests. */
export interface SandboxPlaces {
  /** @default "/opt" */
  readonly layers?: string;
  /** @default "/var/task" */
  readonly task?: string;
  /** Path of the executable itself. */
  readonly executable: string;
}

/** Lambda's least. In MB. */
const LEAST_MB = 128;

/** `isRunning`: an extension answers, so that the layer is where it should be. */
export function checkSandbox(env: Environment, places: SandboxPlaces, isRunning = false): readonly Finding[] {
  const layer = isRunning ? [] : checkLayer(env, places);
  return [...checkMemory(env), ...checkArchitecture(places), ...layer];
}

function checkMemory(env: Environment): readonly Finding[] {
  const text = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? "";
  if (text === "") return [note("memory", "unknown, as this is not started in a function's container")];
  const memoryMb = Number(text);
  if (!(memoryMb >= LEAST_MB)) {
    return [
      fault("memory", `${text} MB are too little: the extension needs up to 100 MB beside the function's`),
    ];
  }
  if (memoryMb > LEAST_MB) return [ok("memory", `${memoryMb} MB`)];
  return [
    note(
      "memory",
      `${memoryMb} MB are tight: the extension shares them with the function; 256 MB are advised`,
    ),
  ];
}

/** Of what Lambda starts, everything must be for one machine. */
function checkArchitecture({ layers = "/opt", task = "/var/task" }: SandboxPlaces): readonly Finding[] {
  const own = ownArchitecture();
  const files = [
    `${task}/bootstrap`,
    `${layers}/bootstrap`,
    ...namesIn(`${layers}/extensions`).map((name) => `${layers}/extensions/${name}`),
  ];
  const others = files.map((path) => [path, architectureOf(path)] as const)
    .filter(([, found]) => found !== undefined && found !== own);
  if (others.length === 0) return [ok("architecture", own)];
  return others.map(([path, found]) =>
    fault(
      "architecture",
      `${path} is for ${found}, and this executable for ${own}: Lambda starts only one kind`,
    )
  );
}

function checkLayer(env: Environment, { layers = "/opt", executable }: SandboxPlaces): readonly Finding[] {
  const folder = `${layers}/extensions`;
  const name = executable.split("/").at(-1) ?? "";
  const found = namesIn(folder);
  if (executable === `${folder}/${name}`) return [ok("layer", `${executable} is where Lambda looks for it`)];
  if (found.includes("datakit")) return checkFile(`${folder}/datakit`);
  const isInLambda = (env["AWS_LAMBDA_FUNCTION_NAME"] ?? "") !== "";
  const misplaced = namesIn(layers).flatMap((inner) =>
    namesIn(`${layers}/${inner}/extensions`).map((file) => `${layers}/${inner}/extensions/${file}`)
  );
  if (misplaced.length > 0) {
    return [
      fault(
        "layer",
        `${misplaced[0]} is a folder too deep: extensions/ must be at the top of the layer's zip`,
      ),
    ];
  }
  if (!isInLambda) return [note("layer", `not attached here: there is no ${folder}/datakit`)];
  return [
    fault(
      "layer",
      `Lambda starts only files directly in ${folder}, where there is ${
        found.length === 0 ? "none" : `only ${found.join(", ")}`
      }: this is ${executable}`,
    ),
  ];
}

function checkFile(path: string): readonly Finding[] {
  const mode = attempt(() => Deno.statSync(path).mode) ?? 0;
  if ((mode & 0o111) !== 0) return [ok("layer", `${path} is where Lambda looks for it`)];
  return [
    fault(
      "layer",
      `${path} may not be executed (mode ${(mode & 0o777).toString(8)}): pack the zip with mode 755`,
    ),
  ];
}

/** Files and folders; none where there is no such folder, or it cannot be read. */
function namesIn(folder: string): readonly string[] {
  return attempt(() => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort()) ?? [];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
