/** Asks the extension that runs in the same container. */
import type { Config } from "../config.ts";
import { createHttpClient } from "../dataway/http/client.ts";
import { describeNetworkError } from "../dataway/error_text.ts";
import type { ListenAddress } from "../pipeline/receiver.ts";
import { STATUS_PATH } from "../status/receiver.ts";

/** The status as it was answered, or why there is none. */
export type StatusAnswer =
  | { readonly status: Readonly<Record<string, unknown>>; readonly text: string }
  | { readonly error: string };

const PATIENCE_MS = 2_000;
/** Of a wildcard address, where loopback clients find it. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

/** Where a running extension answers by these settings: its main listener, then its other HTTP ports. */
export function statusAddresses(config: Config): readonly ListenAddress[] {
  const { core, otlp, ddtrace } = config;
  return [
    core.listen,
    ...otlp.enabled ? [...otlp.http, ...otlp.grpc] : [],
    ...ddtrace.enabled ? [...ddtrace.listen, ...ddtrace.lifecycleListen] : [],
  ].filter(({ port }) => port !== 0);
}

/** The first that is an extension's, else what the first one said. Never rejects. */
export async function askStatus(addresses: readonly ListenAddress[]): Promise<StatusAnswer> {
  const answers = await Promise.all(addresses.map(ask));
  return answers.find((answer) => "status" in answer) ?? answers[0] ??
    { error: "ENV_HTTP_LISTEN lets the extension choose its port: name it by --port" };
}

async function ask({ hostname, port }: ListenAddress): Promise<StatusAnswer> {
  const host = LOOPBACK_OF[hostname] ?? (hostname.includes(":") ? `[${hostname}]` : hostname);
  const address = `${host}:${port}`;
  using client = createHttpClient({ proxyOf: () => undefined, now: Date.now });
  try {
    const { status: code, text } = await client.send(`http://${address}${STATUS_PATH}`, {
      method: "GET",
      headers: {},
      body: new Uint8Array(),
      signal: AbortSignal.timeout(PATIENCE_MS),
      wants: "body",
    });
    const status = code === 200 ? parse(text) : undefined;
    return status === undefined
      ? { error: `something else than the extension answers on ${address}` }
      : { status, text };
  } catch (error) {
    return { error: `nobody answers on ${address}: ${describeNetworkError(error)}` };
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("ok" in value) || !("ledger" in value)) {
      return undefined;
    }
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}
