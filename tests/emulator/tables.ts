/** Plain text tables for the console. */

/** A column's title; figures stand at the right. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Longer text is cut, with a mark. */
  readonly maxWidth?: number;
}

/** An aligned table with a rule under its head; no line ends in blanks. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => columns.map((column, i) => clip(String(row[i] ?? ""), column.maxWidth)));
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((row) => displayWidth(row[i] ?? "")))
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? "left")).join("  ").trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => "─".repeat(width))),
    ...cells.map(line),
  ].join("\n");
}

/** A duration with one decimal, or nothing when there is none. In ms. */
export function showMs(ms: number | undefined): string {
  return ms === undefined ? "" : ms.toFixed(1);
}

/** Bytes in MB with one decimal. */
export function showMb(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function clip(text: string, maxWidth = Infinity): string {
  const oneLine = text.replaceAll("\n", "⏎").replaceAll("\t", " ");
  return oneLine.length > maxWidth ? `${oneLine.slice(0, maxWidth - 1)}…` : oneLine;
}

function pad(cell: string, width: number, align: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(cell)));
  return align === "left" ? cell + blanks : blanks + cell;
}

/** Wide characters (CJK, emoji) take two places. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u
          .test(character)
        ? 2
        : 1;
  }
  return width;
}
