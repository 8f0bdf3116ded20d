/** The table of what was verified, as it stands in the README. */

/** One client over one protocol, and what became of it. */
export interface TableRow {
  readonly language: string;
  readonly protocol: string;
  readonly client: string;
  readonly version: string;
  /** What to set so that it works. */
  readonly setup: string;
  readonly verified: string;
}

/** Renders the rows as Markdown. */
export function renderTable(rows: readonly TableRow[]): string {
  const lines = rows.map(({ language, protocol, client, version, setup, verified }) =>
    `| ${language} | ${protocol} | ${client} | ${version} | ${setup || "nothing"} | ${verified} |`
  );
  return [
    "| language | protocol | client | version | to set | verified |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}
