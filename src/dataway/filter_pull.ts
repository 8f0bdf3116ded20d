/** The workspace's filters, asked of Dataway beside uploads. */
import type { Logger } from "@std/log";
import type { DatawayEndpoint } from "../config/dataway.ts";
import type { Exporter } from "../pipeline/exporter.ts";
import { boundSignal } from "./bounds.ts";
import type { Send } from "./http/message.ts";

export interface FilterPullOptions {
  readonly send: Send;
  /** Takes `filters` of an answer; `false`: it cannot be used, and what was before stays. */
  readonly take: (filters: unknown) => boolean;
  /** Further headers: the sinker's. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
  /** From 0 to 1, for the times between two questions. @default Math.random */
  readonly random?: () => number;
}

/** Asks when it is time to. */
export interface FilterPull {
  /** An exporter that asks beside its uploads, and waits for no answer. */
  beside<E extends Exporter>(exporter: E, endpoints: readonly DatawayEndpoint[]): E;
}

/** DataKit asks each 30 s, once a host; sandboxes are many. In ms. */
const LEAST_INTERVAL_MS = 60_000;
/** Part of the time that is drawn, so that sandboxes do not ask in step. */
const JITTER = 0.2;
const TIMEOUT_MS = 1_000;
const NS_PER_MS = 1e6;

/** Nothing is asked before the first upload. */
export function createFilterPull(options: FilterPullOptions): FilterPull {
  const { send, take, log, now, random = Math.random } = options;
  let askedAt = -Infinity;
  let jitter = 1;
  let intervalMs = LEAST_INTERVAL_MS;
  let latest: string | undefined;
  let failing = false;

  async function ask(endpoint: DatawayEndpoint, signal: AbortSignal): Promise<void> {
    askedAt = now();
    jitter = 1 + JITTER * random();
    using bound = boundSignal([signal], TIMEOUT_MS, now);
    try {
      const url = `${endpoint.base}/v1/datakit/pull?${endpoint.query}&filters=true`;
      const { status, text } = await send(url, {
        method: "GET",
        headers: options.headers(),
        body: new Uint8Array(),
        signal: bound.signal,
        wants: "body",
      });
      if (status !== 200) return failed(`status ${status}`);
      // The same as before: nothing to do.
      if (text !== latest) use(text);
      failing = false;
    } catch {
      failed("no answer");
    }
  }

  function use(text: string): void {
    const { filters, pull_interval: intervalNs } = parse(text);
    latest = text;
    // Without filters Dataway answers without the member, or with null.
    if (!take(filters ?? {})) return;
    if (typeof intervalNs !== "number" || !(intervalNs > 0)) return;
    intervalMs = Math.max(LEAST_INTERVAL_MS, intervalNs / NS_PER_MS);
  }

  /** Told once until it works again: each upload may meet the same. */
  function failed(why: string): void {
    if (!failing) {
      log.warn("The workspace's filters could not be asked for; those known stay", { error: why });
    }
    failing = true;
  }

  return {
    beside: (exporter, endpoints) => {
      const [endpoint] = endpoints;
      if (endpoint === undefined) return exporter;
      return {
        ...exporter,
        export: (batch, signal, patienceMs) => {
          if (now() >= askedAt + intervalMs * jitter && !signal.aborted) void ask(endpoint, signal);
          return exporter.export(batch, signal, patienceMs);
        },
      };
    },
  };
}

function parse(text: string): { readonly filters?: unknown; readonly pull_interval?: unknown } {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new TypeError("The answer is no object");
  return value;
}
