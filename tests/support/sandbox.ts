import { type DatawayDouble, startDataway } from "../emulator/dataway.ts";
import { type Lambda, startLambda } from "../emulator/lambda.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import { type InProcessExtension, inProcessExtension } from "./extension.ts";

/** The whole program in this process, between an emulated Lambda and a Dataway. */
export interface Sandbox extends AsyncDisposable {
  readonly lambda: Lambda;
  readonly dataway: DatawayDouble;
  readonly extension: InProcessExtension;
  /** Sum of an integer field over all points of a measurement that arrived. */
  sum(field: string, measurement?: string): bigint;
  /** Values of a field over all points of a measurement that arrived, in order. */
  values(field: string, measurement?: string): unknown[];
}

/** Starts Dataway and Lambda; the extension starts with the first `init` or `invoke`. */
export async function startSandbox(options: LambdaOptions = {}): Promise<Sandbox> {
  const dataway = await startDataway();
  const extension = inProcessExtension();
  const lambda = await startLambda({
    extension,
    ...options,
    env: { ENV_DATAWAY: dataway.url, ...options.env },
  });

  function values(field: string, measurement = "awslambda-metric"): unknown[] {
    return dataway.points(undefined, measurement)
      .map((point) => point.fields.get(field))
      .filter((value) => value !== undefined);
  }

  return {
    lambda,
    dataway,
    extension,
    values,
    sum: (field, measurement) =>
      values(field, measurement).reduce<bigint>(
        (sum, value) => sum + (typeof value === "bigint" ? value : 0n),
        0n,
      ),
    [Symbol.asyncDispose]: async () => {
      await lambda[Symbol.asyncDispose]();
      await dataway[Symbol.asyncDispose]();
    },
  };
}
