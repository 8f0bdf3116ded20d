/** The command line of `deno task attach`. */
import { parseArgs } from "node:util";
import { taskArguments } from "../build/task_arguments.ts";
import type { Destination } from "./attach_change.ts";

/** What the user wants attached, or taken off. */
export interface AttachOptions {
  /** Name or ARN of the function. */
  readonly functionName: string;
  /** Undefined: that of the ARN, else the default of the AWS settings. */
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Undefined: that of the list of ARNs. */
  readonly layerArn: string | undefined;
  readonly destination: Destination;
  readonly isUndo: boolean;
  readonly isDryRun: boolean;
}

/** For `--help`. */
export const ATTACH_USAGE =
  `Adds the DataKit layer and its destination to a function. A dry run unless --yes is given.

  deno task attach -- --function NAME [options]

  --function NAME        name or ARN of the function
  --yes                  change it; without it only say what would be changed
  --dataway URL          destination; by default that of the variable ENV_DATAWAY, else what the function has
  --dataway-secret REF   ARN of a Secrets Manager secret (#key for one of its keys), or path of an SSM parameter
  --layer-arn ARN        layer version; by default that of layer/arns.json, which "deno task publish" writes
  --region REGION        by default that of the function's ARN, or of the AWS settings
  --profile NAME         AWS profile
  --undo                 take off what the last attach from this machine did; without its record, our layer`;

/** Reads the command line. Throws with what is wrong; undefined when help is asked for. */
export function parseAttachOptions(
  args: readonly string[],
  dataway: string | undefined,
): AttachOptions | undefined {
  const { values } = parseArgs({
    args: taskArguments(args),
    options: {
      help: { type: "boolean" },
      yes: { type: "boolean", default: false },
      undo: { type: "boolean", default: false },
      function: { type: "string" },
      region: { type: "string" },
      profile: { type: "string" },
      dataway: { type: "string", default: dataway ?? "" },
      "dataway-secret": { type: "string" },
      "layer-arn": { type: "string" },
    },
  });
  if (values.help) return undefined;
  const functionName = values.function;
  if (functionName === undefined) throw new Error("Cannot attach as --function is missing: see --help");
  if (
    functionName.split(":").length > 7 || (!functionName.startsWith("arn:") && functionName.includes(":"))
  ) {
    throw new Error(
      `Cannot change a published version as only $LATEST can be changed: current value is ${functionName}`,
    );
  }
  const layerArn = values["layer-arn"];
  if (layerArn !== undefined && !/^arn:[^:]+:lambda:[^:]+:\d{12}:layer:[^:]+:\d+$/.test(layerArn)) {
    throw new Error(
      `Cannot use --layer-arn as it must be the ARN of a layer's version: current value is ${layerArn}`,
    );
  }
  return {
    functionName,
    region: values.region ?? (functionName.startsWith("arn:") ? functionName.split(":")[3] : undefined),
    profile: values.profile,
    layerArn,
    destination: destinationOf(values.dataway, values["dataway-secret"]),
    isUndo: values.undo,
    isDryRun: !values.yes,
  };
}

function destinationOf(url: string, reference: string | undefined): Destination {
  if (reference !== undefined) return { kind: "secret", reference };
  return url === "" ? { kind: "kept" } : { kind: "url", url };
}
