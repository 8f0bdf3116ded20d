/**
 * Subscribing to the Telemetry API. Only possible between `register` and the first `next`, and never a reason to
 * stop: without it the extension runs on and sees less.
 * @see `tests/spec/lambda.md` 2
 */
import type { TelemetryType } from "../config/shell.ts";
import type { RuntimeSend } from "./runtime_client.ts";

export interface SubscribeOptions {
  /** From `register`. */
  readonly identifier: string;
  /** The port that serves {@link TELEMETRY_PATH}; must be listening already. */
  readonly port: number;
  readonly types: readonly TelemetryType[];
  /** Managed instances accept the newer schema only. */
  readonly managedInstance: boolean;
  readonly send: RuntimeSend;
}

/** What became of it. `unsupported`: this environment has no Telemetry API (local images); no event will come. */
export type SubscribeResult =
  | { readonly status: "subscribed"; readonly schemaVersion: string }
  | { readonly status: "unsupported"; readonly httpStatus: number; readonly error: string }
  | { readonly status: "failed"; readonly httpStatus?: number; readonly error: string };

/** Where we ask the platform to post its batches. */
export const TELEMETRY_PATH = "/awslambda";
/** Where it posts them: managed instances post to `/`, whatever path was subscribed. */
export const TELEMETRY_PATHS = [TELEMETRY_PATH, "/"];

const SCHEMA = "2022-12-13";
const MANAGED_SCHEMA = "2025-01-29";
/** The smallest buffers allowed: they decide how late `platform.runtimeDone` arrives, and so how long we hold. */
const BUFFERING = { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 };
/** The platform answers at once; the bound keeps a broken one from delaying the first `next`. */
const TIMEOUT_MS = 2000;

/** Subscribes once per schema the platform may know. Never throws. */
export async function subscribeToTelemetry(options: SubscribeOptions): Promise<SubscribeResult> {
  if (!options.managedInstance) return await subscribe(options, SCHEMA);
  const result = await subscribe(options, MANAGED_SCHEMA);
  const retry = result.status !== "subscribed" && (result.httpStatus === 400 || result.httpStatus === 404);
  return retry ? await subscribe(options, SCHEMA) : result;
}

async function subscribe(options: SubscribeOptions, schemaVersion: string): Promise<SubscribeResult> {
  const URI = `http://sandbox.localdomain:${options.port}${TELEMETRY_PATH}`;
  try {
    const { status, text } = await options.send({
      method: "PUT",
      path: "/2022-07-01/telemetry",
      fields: [["content-type", "application/json"], ["lambda-extension-identifier", options.identifier]],
      body: JSON.stringify({
        schemaVersion,
        types: options.types,
        buffering: BUFFERING,
        destination: { protocol: "HTTP", URI },
      }),
      timeoutMs: TIMEOUT_MS,
    });
    if (status === 200) return { status: "subscribed", schemaVersion };
    const error = `Cannot subscribe to telemetry as Lambda refused: current value is ${status} ${
      text.slice(0, 200)
    }`;
    const unsupported = status === 202 || status === 404;
    return { status: unsupported ? "unsupported" : "failed", httpStatus: status, error };
  } catch (error) {
    return {
      status: "failed",
      error: `Cannot subscribe to telemetry as Lambda gave no answer: ${String(error)}`,
    };
  }
}
