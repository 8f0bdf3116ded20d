import { describeError, type Logger } from "@std/log";
import type { DatawayEndpoint, ParsedEndpoints } from "../../config/dataway.ts";
import { settledBefore } from "../../pipeline/deadline.ts";
import type { Batch, Exporter, ExportResult } from "../../pipeline/exporter.ts";

export interface SecretExporterOptions {
  /** Asks AWS; rejects when it cannot be read. */
  readonly readSecret: () => Promise<string>;
  /** What the secret's value names. */
  readonly endpointsOf: (value: string) => ParsedEndpoints;
  /** An exporter to these endpoints. */
  readonly exporterTo: (endpoints: readonly DatawayEndpoint[]) => Exporter & AsyncDisposable;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** An exporter whose Dataway AWS knows. {@link SecretExporter.prepare} starts asking before the first batch. */
export interface SecretExporter extends Exporter, AsyncDisposable {
  prepare(): void;
}

/** A secret is asked for again after this, in the background, so that a rotated one comes in. In ms. */
const REFRESH_MS = 3_600_000;
/** A refused token is taken for a rotated one, but not more often than this. In ms. */
const REFUSED_REFRESH_MS = 60_000;

/**
 * Sends as soon as the secret is known; until then a batch waits within its own signal and is then `retryable`, so
 * nothing is lost and nothing is held up. A refused token makes it ask once more before data is given up.
 */
export function createSecretExporter(options: SecretExporterOptions): SecretExporter {
  const { readSecret, endpointsOf, exporterTo, log, now } = options;
  const template = exporterTo([]);
  let value: string | undefined;
  let exporter: (Exporter & AsyncDisposable) | undefined;
  let askedAt = 0;
  let asking: Promise<void> | undefined;
  /** Why the last question gave nothing. */
  let failure = "";

  function ask(): Promise<void> {
    asking ??= load().finally(() => void (asking = undefined));
    return asking;
  }

  async function load(): Promise<void> {
    askedAt = now();
    try {
      const found = await readSecret();
      if (found === value) return;
      const { endpoints, problems } = endpointsOf(found);
      for (const { token } of endpoints) log.addSecret(token);
      if (problems.length > 0) log.warn("Some of the secret's URLs cannot be used", { problems });
      if (endpoints.length === 0) throw new Error("it names no usable Dataway");
      value = found;
      // Uploads under way over the old one end by themselves.
      exporter = exporterTo(endpoints);
    } catch (error) {
      failure = `: ${describeError(error)}`;
      log.warn("Dataway's secret could not be read; data is held", { error: describeError(error) });
    }
  }

  async function send(batch: Batch, signal: AbortSignal, patienceMs?: number): Promise<ExportResult> {
    if (exporter === undefined) await settledBefore(ask(), signal);
    else if (now() - askedAt > REFRESH_MS) void ask();
    if (exporter === undefined) {
      return { status: "retryable", error: `Cannot send as Dataway's secret is not known yet${failure}` };
    }
    const used = exporter;
    const result = await used.export(batch, signal, patienceMs);
    const isRefused = result.status === "failure" && result.reason === "forbidden";
    if (!isRefused || now() - askedAt < REFUSED_REFRESH_MS) return result;
    await settledBefore(ask(), signal);
    return exporter === used ? result : await exporter.export(batch, signal, patienceMs);
  }

  return {
    name: template.name,
    maxBatchBytes: template.maxBatchBytes,
    pointOverheadBytes: template.pointOverheadBytes,
    export: send,
    prepare: () => void ask(),
    [Symbol.asyncDispose]: async () => await exporter?.[Symbol.asyncDispose](),
  };
}
