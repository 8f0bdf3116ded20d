import { assertEquals } from "@std/assert";
import { gapLines, linesAbout, listsGapsOf, type Row, tableLines, withLines } from "./table.ts";

const EMPTY = "# Title\n\n| language |\n| --- |\n\n## Not right yet\n\n<!-- gaps -->\n\nend\n";

function row(language: string, gaps: readonly string[], spans = true): Row {
  return {
    language,
    client: "client 1.0",
    logFormat: "Text",
    logPipe: "framed",
    spans,
    findings: [
      { subject: "errors", name: "thrown", gaps },
      { subject: "errors", name: "success", gaps: [] },
      { subject: "logger", name: "zap", gaps: [] },
    ],
  };
}

Deno.test("tableLines() counts what is right, with spans and by lines alone", () => {
  assertEquals(tableLines([row("Go", ["0 errors instead of 1"], true), row("Go", [], false)]), [
    "| Go | client 1.0 | Text | framed | 1 of 2 | 2 of 2 | – | 1 of 1 |",
  ]);
});

Deno.test("gapLines() names each gap once, with its places", () => {
  const rows = [
    row("Go", ["a", "b"]),
    { ...row("Go", ["a", "b"]), logFormat: "JSON" as const },
    row("Go", []),
  ];
  assertEquals(gapLines(rows), ["- Go, errors of “thrown”: a, b (1.0 Text framed; 1.0 JSON framed)"]);
});

Deno.test("withLines() replaces the lines of one language and keeps their order", () => {
  const lines = (language: string): readonly string[] => [
    ...tableLines([row(language, ["a"])]),
    ...gapLines([row(language, ["a"])]),
  ];
  const once = withLines(withLines(withLines(EMPTY, "Rust", lines("Rust")), "Go", lines("Go")), "Python", []);
  assertEquals(withLines(once, "Go", lines("Go")), once);
  assertEquals(linesAbout(once, "Go"), lines("Go"));
  const order = once.split("\n").map((line) => /^(?:\||-) (Go|Rust)\b/.exec(line)?.[1]).filter(Boolean);
  assertEquals(order, ["Go", "Rust", "Go", "Rust"]);
  assertEquals(withLines(withLines(once, "Go", []), "Rust", []), EMPTY);
});

Deno.test("listsGapsOf() tells whether a text lists exactly a row's gaps", () => {
  const text = withLines(EMPTY, "Go", gapLines([row("Go", ["a"])]));
  assertEquals(listsGapsOf(row("Go", ["a"]), text), true);
  assertEquals(listsGapsOf(row("Go", []), text), false);
  assertEquals(listsGapsOf(row("Go", ["b"]), text), false);
  assertEquals(listsGapsOf(row("Go", ["a"], false), text), false);
  assertEquals(listsGapsOf(row("Go", [], false), text), true);
  assertEquals(listsGapsOf(row("Go", []), EMPTY), true);
});
