import { type DatawayDouble, startDataway } from "../emulator/dataway.ts";
import { type Lambda, startLambda } from "../emulator/lambda.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import { findSecrets } from "./secrets.ts";
import { type InProcessExtension, inProcessExtension } from "./extension.ts";

/** The whole program between an emulated Lambda and a Dataway. Disposal fails if any output held a secret. */
export interface Sandbox extends AsyncDisposable {
  readonly lambda: Lambda;
  readonly dataway: DatawayDouble;
  /** Our program when it runs in the test's own process, with the account that each of its processes left behind. */
  readonly extension?: InProcessExtension;
  /** The program's own log lines, of all its processes. */
  lines(): readonly string[];
  /** Sum of an integer field over all points of a measurement that arrived. */
  sum(field: string, measurement?: string): bigint;
  /** Values of a field over all points of a measurement that arrived, in order. */
  values(field: string, measurement?: string): unknown[];
}

/** A sandbox whose extension is our program in the test's own process. */
export type InProcessSandbox = Sandbox & { readonly extension: InProcessExtension };

/** Where a sandbox's extension comes from: the same scenarios run in process and with the compiled executable. */
export type StartSandbox = (options?: LambdaOptions) => Promise<Sandbox>;

/** Our program in this process. The extension starts with the first `init` or `invoke`. */
export async function startSandbox(options: LambdaOptions = {}): Promise<InProcessSandbox> {
  const extension = inProcessExtension();
  const sandbox = await openSandbox({ extension, ...options });
  return Object.assign(sandbox, { extension });
}

/** An executable, in a process of its own beside a real function process, with free ports. */
export function startExecutable(path: string): StartSandbox {
  return (options = {}) =>
    openSandbox({
      extension: path,
      function: "process",
      ...options,
      env: {
        ENV_HTTP_LISTEN: "127.0.0.1:0",
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
        ENV_HOSTNAME: "test-host",
        ...options.env,
      },
    });
}

async function openSandbox(options: LambdaOptions): Promise<Sandbox> {
  const dataway = await startDataway();
  const lambda = await startLambda({
    ...options,
    // On a busy machine an upload that is cut by the budget would come twice.
    env: { ENV_DATAWAY: dataway.url, ENV_DATAWAY_BUDGET: "2500ms", ...options.env },
  });

  function values(field: string, measurement = "awslambda-metric"): unknown[] {
    return dataway.points(undefined, measurement)
      .map((point) => point.fields.get(field))
      .filter((value) => value !== undefined);
  }

  return {
    lambda,
    dataway,
    values,
    lines: () =>
      lambda.logs.filter(({ source, line }) => source === "extension" && line.includes('"logger":"datakit"'))
        .map(({ line }) => line),
    sum: (field, measurement) =>
      values(field, measurement).reduce<bigint>(
        (sum, value) => sum + (typeof value === "bigint" ? value : 0n),
        0n,
      ),
    [Symbol.asyncDispose]: async () => {
      await lambda[Symbol.asyncDispose]();
      await dataway[Symbol.asyncDispose]();
      const output = lambda.logs.filter(({ source }) => source === "extension").map(({ line }) => line);
      const leaked = findSecrets(lambda.env, output);
      if (leaked.length > 0) throw new Error(`Cannot print a secret: ${leaked.join("\n")}`);
    },
  };
}
