/**
 * Which durable execution a log record belongs to. A durable function's execution is many invocations; its SDKs write
 * the execution's ARN into each record.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 */
import type { JsonObject } from "../json/exact_json.ts";

/** Name and id of an execution, as its ARN has them. */
export interface DurableExecution {
  readonly name: string;
  readonly id: string;
}

/** What the SDKs, and loggers that they are handed to, call the ARN. */
const ARN_KEYS: readonly string[] = [
  "executionArn",
  "execution_arn",
  "durableExecutionArn",
  "durable_execution_arn",
];
const ARN = /^arn:[^:]+:lambda:[^:]*:[^:]*:function:[^/]+\/durable-execution\/([^/]+)\/([^/]+)$/;

/** The execution a record names; `undefined` when it names none. */
export function readDurableExecution(record: JsonObject): DurableExecution | undefined {
  for (const key of ARN_KEYS) {
    const arn = record[key];
    if (typeof arn !== "string") continue;
    const [, name, id] = ARN.exec(arn) ?? [];
    if (name !== undefined && id !== undefined) return { name, id };
  }
  return undefined;
}
