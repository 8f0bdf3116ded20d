/** Lines of the table for the local protocols. */
import { allInputs, type IngestFigures, measureIngest, measurePackets, type PacketStep } from "./ingest.ts";
import { measureStart, type StartFigures } from "./measures.ts";
import { type Kind, KINDS } from "./payloads.ts";
import { median } from "./statistics.ts";
import type { Binaries, Row } from "./table.ts";

const STATSD: Kind = "StatsD packets";

/** What the listeners of the local protocols add to a start: the same executable with and without them, in turn. */
export async function costRows(binaries: Binaries, runs: number): Promise<Row[]> {
  const all = new Map(Array.from(binaries, ([label]) => [label, { without: [], with: [] } as Starts]));
  for (let run = 0; run < runs; run++) {
    for (const [label, path] of binaries) {
      all.get(label)?.without.push(await measureStart(path));
      all.get(label)?.with.push(await measureStart(path, allInputs().env));
    }
  }
  const figures = Array.from(all.values());
  const added = (pick: (one: StartFigures) => number): string[] =>
    figures.map((one) => (median(one.with.map(pick)) - median(one.without.map(pick))).toFixed(1));
  return [
    ["ingest listeners add to the first next, ms", ...added((one) => one.nextMs)],
    ["ingest listeners add to CPU, ms", ...added((one) => one.cpuMs)],
    ["ingest listeners add to RSS, MB", ...added((one) => one.memory.rssMb)],
  ];
}

/** As many items as are taken, two connections at a time. */
export async function peakRows(binaries: Binaries, seconds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of KINDS) {
    if (kind === STATSD) continue;
    const figures: IngestFigures[] = [];
    for (const path of binaries.values()) figures.push(await measureIngest(path, kind, { seconds, rate: 0 }));
    rows.push([`${kind}/s at full speed (RSS; ${ACCOUNT})`, ...figures.map(peak)]);
  }
  return rows;
}

/** StatsD packets a second before the first loss. */
export async function packetRows(binaries: Binaries): Promise<Row[]> {
  const all: PacketStep[][] = [];
  for (const path of binaries.values()) all.push(await measurePackets(path));
  return [["StatsD packets/s without loss, lost at", ...all.map(lossless)]];
}

/** A steady rate of each: what it costs, and whether all arrives. */
export async function steadyRows(
  binaries: Binaries,
  load: { readonly seconds: number; readonly rate: number },
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of KINDS) {
    const figures: IngestFigures[] = [];
    for (const path of binaries.values()) figures.push(await measureIngest(path, kind, load));
    const what = `${load.seconds} s of ${load.rate} ${kind}/s: CPU of a core, RSS median / most`;
    rows.push([`${what} (${ACCOUNT})`, ...figures.map(steady)]);
  }
  return rows;
}

interface Starts {
  readonly without: StartFigures[];
  readonly with: StartFigures[];
}

const ACCOUNT = "lost of sent: unaccounted";

/** What is neither at the Dataway nor counted as lost must be 0. Repeated uploads hide nothing: they add. */
function account({ sent, arrived, lost }: IngestFigures): string {
  return `${lost} of ${sent}: ${Math.max(0, sent - arrived - lost)}`;
}

function peak(one: IngestFigures): string {
  return `${one.itemsPerSecond.toFixed(0)} (${one.peakMb.toFixed(0)} MB; ${account(one)})`;
}

function steady(one: IngestFigures): string {
  const share = (100 * one.cpuShare).toFixed(0);
  return `${share} %, ${one.rssMb.toFixed(0)} / ${one.peakMb.toFixed(0)} MB (${account(one)})`;
}

function lossless(steps: readonly PacketStep[]): string {
  const bad = steps.find(({ sent, arrived }) => arrived < sent);
  const good = steps.filter((step) => bad === undefined || step.perSecond < bad.perSecond).at(-1);
  const lostAt = bad === undefined
    ? "none"
    : `${bad.perSecond.toFixed(0)}/s (${(100 * (1 - bad.arrived / bad.sent)).toFixed(1)} %)`;
  return `${good?.perSecond.toFixed(0) ?? "none"}, ${lostAt}`;
}
