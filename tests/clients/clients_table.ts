/** The table of what was verified, as it stands in src/ingest/README.md. */

/** One client over one protocol, and what became of it. */
export interface TableRow {
  readonly language: string;
  readonly protocol: string;
  readonly client: string;
  readonly version: string;
  /** What to set so that it works; empty for nothing. */
  readonly setup: string;
  readonly verified: string;
}

/** Renders the rows as Markdown: one line for all protocols of a client with the same outcome. */
export function renderTable(rows: readonly TableRow[]): string {
  const groups = Map.groupBy(
    rows,
    ({ language, client, version, verified }) => [language, client, version, verified].join("\n"),
  );
  const lines = [...groups.values()].map((group) => {
    const [{ language, client, version, verified } = EMPTY] = group;
    const protocols = join(group.map(({ protocol }) => protocol));
    const setups = join(group.map(({ setup }) => setup || "nothing"));
    return `| ${language} | ${protocols} | ${client} | ${version} | ${setups} | ${verified} |`;
  });
  return [
    "| language | protocols | client | version | to set | verified |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}

const EMPTY: TableRow = { language: "", protocol: "", client: "", version: "", setup: "", verified: "" };

function join(texts: readonly string[]): string {
  return [...new Set(texts)].join("; ");
}
