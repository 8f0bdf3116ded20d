/** What we say of ourselves to tracers, who choose their protocol by it. */
import { NAMED_PATHS } from "./routes.ts";

/** The `/info` document and the headers every reply carries. */
export interface AgentInfo {
  readonly body: () => string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

/** Recent enough for Java's features, older than the versions that make Go compute statistics. */
const VERSION = "7.70.0";

/** Document and hash are made once, with the first request. */
export function createAgentInfo(maxRequestBytes: number): AgentInfo {
  let text: string | undefined;
  let reply: Promise<Readonly<Record<string, string>>> | undefined;

  const body = (): string =>
    text ??= JSON.stringify({
      version: VERSION,
      endpoints: NAMED_PATHS,
      client_drop_p0s: false,
      span_meta_structs: true,
      span_events: true,
      long_running_spans: false,
      config: { statsd_port: 8125, max_request_bytes: maxRequestBytes },
    });

  return { body, headers: () => reply ??= makeHeaders(body()) };
}

/** Without a hash that matches the document, Java reads it again after each payload. */
async function makeHeaders(body: string): Promise<Readonly<Record<string, string>>> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body));
  return { "datadog-agent-version": VERSION, "datadog-agent-state": new Uint8Array(hash).toHex() };
}
