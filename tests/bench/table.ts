/** The table that the bench prints. */

/** One line: what, and its figure for each binary. */
export type Row = readonly [what: string, ...figures: string[]];

/** Executables by the label of their column. */
export type Binaries = ReadonlyMap<string, string>;

/** What the figures are to be, by what is measured: the first whose words are all in a row's name. */
const AIMS: readonly (readonly [words: readonly string[], aim: string])[] = [
  [["exec to register, of a program"], "≤ 1.1"],
  [["exec to first next, of a program"], "≤ 1.3"],
  [["CPU to first next, of a program"], "≤ 1.3"],
  [["exec to first next with 1/14 of a core, ms"], "≤ 0.6 of before's"],
  [["runtimeDone to next", "nothing to send"], "≤ 1.5"],
  [["the same, fast Dataway, adaptive"], "≤ 1.5"],
  [["busy"], "0 in ≥ 99 %"],
  [["CPU per invocation", "each sends"], "≤ 1.5"],
  [["trace, usage and cost add", "adaptive"], "≤ 0.3"],
  [["they add in"], "≤ 1"],
  [["the same after 1000"], "anon ≤ 22"],
  [["OTLP spans, protobuf/s at full speed"], "≥ 60 000, none lost"],
  [["10000 OTLP spans, protobuf/s"], "≤ 20 %, ≤ 100 MB"],
  [["10000 OTLP spans, gRPC/s"], "≤ 25 %, ≤ 100 MB"],
  [["10000 OTLP spans, JSON/s"], "≤ 40 %, ≤ 100 MB"],
  [["10000 OTLP log records/s"], "≤ 18 %, ≤ 100 MB"],
  [["10000 OTLP metric points/s"], "≤ 20 %, ≤ 100 MB"],
  [["10000 ddtrace spans"], "≤ 22 %, ≤ 100 MB"],
  [["10000 StatsD packets/s"], "≤ 12 %, ≤ 100 MB"],
  [["telemetry through the listener", "JSON text"], "≥ 35 000"],
  [["telemetry through the listener"], "≥ 50 000"],
];

/** The aim of a row; empty where there is none. */
export function aimOf(what: string): string {
  return AIMS.find(([words]) => words.every((word) => what.includes(word)))?.[1] ?? "";
}
