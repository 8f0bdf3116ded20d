/** What the program says of itself: once at its start, once at its end, and nothing when all is well. */
import type { Logger } from "@std/log";
import type { ParsedConfig } from "./config.ts";
import type { Environment } from "./config/reader.ts";
import { shownSettings } from "./config/shown_settings.ts";
import type { DatawayClient } from "./dataway/client.ts";
import type { SubscribeResult } from "./lambda/telemetry_api.ts";
import { type AskedSocket, nameOf } from "./net/sockets.ts";
import type { Ledger } from "./pipeline/ledger.ts";
import type { Leftovers } from "./pipeline/outlet.ts";
import { VERSION } from "./version.ts";

/** Everything that is wrong with the settings, in one line. */
export function reportSettings(log: Logger, parsed: ParsedConfig, client: DatawayClient): void {
  const { core, dataway, target } = parsed.config;
  log.setLevel(core.logLevel);
  for (const secret of parsed.secrets) log.addSecret(secret);
  const problems = [...parsed.problems, ...client.problems];
  if (problems.length > 0) log.warn("Some settings cannot be used as they are", { problems });
  if (dataway.endpoints.length === 0 && dataway.secret === undefined && target === undefined) {
    log.error("Nothing is sent as ENV_DATAWAY names no usable Dataway");
  }
}

/** What the program starts with. */
export interface Start {
  readonly parsed: ParsedConfig;
  readonly env: Environment;
  readonly sockets: readonly AskedSocket[];
  /** Common to all points, as known now. */
  readonly tags: ReadonlyMap<string, string>;
  readonly subscription: SubscribeResult | undefined;
}

/** One line at the level `debug`, without secrets. */
export function reportStart(log: Logger, { parsed, env, sockets, tags, subscription }: Start): void {
  if (!log.isOn("debug")) return;
  const { core, dataway, awslambda, filters, sinker } = parsed.config;
  log.debug("The extension has started", {
    version: VERSION,
    dataway: dataway.endpoints.map(({ base }) => base),
    ...(dataway.secret === undefined ? {} : { secret: dataway.secret.store }),
    listeners: sockets.map(({ transport, asked, address }) =>
      `${transport} ${address === undefined ? `${asked} (off)` : nameOf(address)}`
    ),
    telemetry: subscription?.status ?? "none",
    inputs: [...core.inputs],
    plan: core.flushPlan,
    tags: Object.fromEntries(tags),
    rules: {
      logs: awslambda.logRules,
      filters: filters.local !== "" ? "ENV_IO_FILTERS" : filters.pull ? "the workspace's" : "off",
      sinker: sinker?.customerKeys ?? "off",
    },
    settings: Object.fromEntries(
      shownSettings(parsed.settings, env).map(({ name, value }) => [name, value]),
    ),
  });
}

/** How it ended: what was left of the data, and of what was to be told about them. */
export interface End extends Leftovers {
  /** The sandbox is given up: nothing will be sent by a restart in it. */
  readonly isLast: boolean;
  /** Why Dataway did not take the latest data. */
  readonly error?: string | undefined;
}

/**
 * One line if anything was lost, or not told; none when all is well. What arrived of the own figures and `untold`
 * together are the whole account.
 */
export function reportEnd(
  log: Logger,
  ledger: Ledger,
  { held, spooled, unreadFiles, untold, isLast, error }: End,
): void {
  const dropped = new Map(ledger.totalDropped());
  // Said at start already, and not news.
  dropped.delete("export_off");
  const notTold = Object.keys(untold).length > 0 ? { untold } : {};
  const inFiles = {
    ...(spooled > 0 ? { spooled } : {}),
    ...(unreadFiles > 0 ? { unreadFiles } : {}),
  };
  if (held === 0 && dropped.size === 0 && unreadFiles === 0) {
    if ("untold" in notTold) log.warn("The extension's last figures did not arrive", notTold);
    return;
  }
  if (dropped.size === 0 && held === spooled && !isLast) {
    log.warn("Data waits in the spool for a restart in this sandbox", { ...inFiles, ...notTold });
    return;
  }
  log.error("Data was lost in this sandbox", {
    dropped: Object.fromEntries(dropped),
    held,
    ...inFiles,
    refused: ledger.refusals(),
    ...notTold,
    // Whatever is held was not taken at last for this.
    ...(error === undefined ? {} : { error }),
  });
}
