/** The table that the bench prints. */

/** One line: what, and its figure for each binary. */
export type Row = readonly [what: string, ...figures: string[]];

/** Executables by the label of their column. */
export type Binaries = ReadonlyMap<string, string>;
