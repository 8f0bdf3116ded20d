/** A picture of the dashboard's layout, as SVG: what stands where, without any value. */
import type { Chart, ChartType } from "./charts.ts";
import { DASHBOARD_TITLE } from "./dashboard.ts";
import { GROUPS } from "./figures.ts";
import { COLUMNS, layOut, type PlacedChart } from "./layout.ts";
import type { Language } from "./words.ts";

const COLUMN_PX = 40;
/** A row of Guance's grid is 10 px high. */
const ROW_PX = 10;
const GAP_PX = 4;
const HEADING_PX = 26;
const WIDTH_PX = COLUMNS * COLUMN_PX;
/** Widest text that fits a column, in halves of a CJK character at 12 px. */
const CHARACTERS_PER_COLUMN = 5.8;

/** Strokes that tell the chart's type, in a box of 24 × 12. */
const SKETCHES: Readonly<Record<ChartType, string>> = {
  singlestat: "",
  sequence: "M0 10 L5 6 L10 8 L15 2 L20 5 L24 1",
  toplist: "M0 2 H24 M0 6 H16 M0 10 H9",
  log: "M0 2 H24 M0 6 H24 M0 10 H24",
};

/** The SVG's text. */
export function drawLayout(charts: readonly Chart[], language: Language): string {
  const parts: string[] = [];
  let top = HEADING_PX;
  for (const { group, charts: placed, height } of layOut(charts)) {
    parts.push(`<text class="g" x="${GAP_PX}" y="${top + 18}">${escaped(GROUPS[group][language])}</text>`);
    top += HEADING_PX;
    parts.push(...placed.map((each) => drawChart(each, top, language)));
    top += height * ROW_PX;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH_PX} ${
    top + GAP_PX
  }" font-family="sans-serif">
<style>rect{fill:#fff;stroke:#d0d7de}text{font-size:12px;fill:#57606a}.g{font-size:14px;font-weight:bold;fill:#24292f}.t{font-size:16px;font-weight:bold;fill:#24292f}.v{font-size:22px;fill:#0969da}path{fill:none;stroke:#0969da;stroke-width:.5}</style>
<rect width="100%" height="100%" style="fill:#f6f8fa;stroke:none"/>
<text class="t" x="${GAP_PX}" y="20">${escaped(DASHBOARD_TITLE[language])}</text>
${parts.join("\n")}
</svg>
`;
}

function drawChart({ chart, place }: PlacedChart, top: number, language: Language): string {
  const [x, y] = [place.x * COLUMN_PX + GAP_PX / 2, top + place.y * ROW_PX];
  const [w, h] = [place.w * COLUMN_PX - GAP_PX, place.h * ROW_PX - GAP_PX];
  const title = fitted(chart.title[language], place.w * CHARACTERS_PER_COLUMN);
  const inner = chart.type === "singlestat"
    ? `<text class="v" x="${x + 8}" y="${y + 44}">–</text>`
    : `<path transform="translate(${x + 8} ${y + 28}) scale(${(w - 16) / 24} ${
      (h - 38) / 12
    })" vector-effect="non-scaling-stroke" d="${SKETCHES[chart.type]}"/>`;
  return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="3"/><text x="${x + 8}" y="${y + 17}">${
    escaped(title)
  }</text>${inner}`;
}

/** Cut where it would run out of its box; a CJK character is as wide as two others. */
function fitted(text: string, limit: number): string {
  let width = 0;
  let kept = "";
  for (const character of text) {
    width += /\p{Script=Han}|[（）：，、]/u.test(character) ? 2 : 1;
    if (width > limit) return `${kept}…`;
    kept += character;
  }
  return kept;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
