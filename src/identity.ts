/** What this sandbox and its function are called. */
import type { Environment } from "./config/reader.ts";
import type { SpanIdentity } from "./lambda/trace/platform_span.ts";

/** What the platform's spans are called by, as the function's own would be. */
export function spanIdentityOf(env: Environment): SpanIdentity {
  const name = env["AWS_LAMBDA_FUNCTION_NAME"] || "unknown";
  const version = env["AWS_LAMBDA_FUNCTION_VERSION"];
  return {
    service: env["DD_SERVICE"] || env["OTEL_SERVICE_NAME"] || name,
    resource: version === undefined || version === "" || version === "$LATEST" ? name : `${name}:${version}`,
  };
}

/** The sandbox's own name: drawn on first use, and again after a snapshot. */
export function createIdentity(): { readonly id: () => string; readonly redraw: () => void } {
  let id: string | undefined;
  return { id: () => id ??= crypto.randomUUID(), redraw: () => void (id = undefined) };
}

/** The machine's name; empty where the system does not tell. */
export function hostnameOf(hostname: () => string): string {
  try {
    return hostname();
  } catch {
    return "";
  }
}
