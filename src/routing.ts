/** What DataKit does with points besides sending them: filters and the sinker. Nothing of it is loaded when off. */
import { describeError, type Logger } from "@std/log";
import type { Config } from "./config.ts";
import type { DatawayEndpoint } from "./config/dataway.ts";
import type { Send } from "./dataway/http/message.ts";
import type { Sinker } from "./dataway/sinker.ts";
import type { Exporter } from "./pipeline/exporter.ts";
import type { Ledger } from "./pipeline/ledger.ts";
import type { PointStore, StoreDoor } from "./pipeline/store.ts";

export interface RoutingOptions {
  /** What is common to all points, as known now. */
  readonly commonTags: () => ReadonlyMap<string, string>;
  readonly send: Send;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Filters at the store's door, and what keeps them up to date. */
export interface FilterRouting {
  door(store: Pick<PointStore, "append">): StoreDoor;
  /** The exporter, and beside its uploads the question for the workspace's filters if they are wanted. */
  beside<E extends Exporter>(exporter: E, endpoints: readonly DatawayEndpoint[]): E;
}

/** Each is `undefined` when it is off. */
export interface Routing {
  readonly sinker: Sinker | undefined;
  readonly filters: FilterRouting | undefined;
}

/** Loads what the settings ask for. Never rejects: what cannot be loaded is off, and said so. */
export async function createRouting(config: Config, options: RoutingOptions): Promise<Routing> {
  const { sinker, filters } = config;
  if (sinker === undefined && filters.local === "" && !filters.pull) return OFF;
  try {
    const made = sinker === undefined ? undefined : await loadSinker(config, options);
    return { sinker: made, filters: await loadFilters(config, options, made) };
  } catch (error) {
    options.log.error("Filters and sinker are off as they could not be loaded", {
      error: describeError(error),
    });
    return OFF;
  }
}

const OFF: Routing = { sinker: undefined, filters: undefined };

async function loadSinker(config: Config, { commonTags }: RoutingOptions): Promise<Sinker> {
  const { createSinker } = await import("./dataway/sinker.ts");
  const keys = [...config.awslambda.globalTags.keys(), ...config.sinker?.customerKeys ?? []];
  return createSinker({ keys, commonTags });
}

async function loadFilters(
  { filters: { local, pull } }: Config,
  { commonTags, ledger, send, log, now }: RoutingOptions,
  sinker: Sinker | undefined,
): Promise<FilterRouting | undefined> {
  if (local === "" && !pull) return undefined;
  const { createFilters, parseRules, rulesOf } = await import("./filters/mod.ts");
  const filters = createFilters({ commonTags, ledger });
  if (!pull) {
    const { rules, problems } = parseRules(local);
    if (problems.length > 0) log.warn("Some filters of ENV_IO_FILTERS cannot be used", { problems });
    filters.replace(rules);
    return { door: filters.door, beside: (exporter) => exporter };
  }
  const { createFilterPull } = await import("./dataway/filter_pull.ts");
  const { beside } = createFilterPull({
    send,
    take: (value) => {
      const { rules, problems } = rulesOf(value);
      if (problems.length === 0) filters.replace(rules);
      else log.warn("The workspace's new filters are not used; those before stay", { problems });
      return problems.length === 0;
    },
    headers: () => sinker?.commonHeaders() ?? {},
    log,
    now,
  });
  return { door: filters.door, beside };
}
