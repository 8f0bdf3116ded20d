/** A whole run as one file that opens without the emulator, for a bug report. */
import type { PageFile } from "./page_file.ts";
import type { Recorder } from "./recorder.ts";
import type { InvocationDetail, RunState } from "./state.ts";

/** What a report holds beside the page. */
export interface ReportData {
  readonly state: RunState;
  readonly details: readonly InvocationDetail[];
}

/** The points' own bytes are kept until they are this much in base64; the decoded ones are all there. */
const MAX_BYTES_CHARS = 3_000_000;

/** The page with everything in it. */
export function renderReport(page: PageFile, recorder: Recorder): string {
  const state: RunState = { ...recorder.log.state(), mode: "report" };
  let kept = 0;
  const details = recorder.log.rows("invocation").flatMap(({ n }) => {
    const detail = recorder.detail(n);
    if (detail === undefined) return [];
    const size = detail.points.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const fits = kept + size <= MAX_BYTES_CHARS;
    if (fits) kept += size;
    return [fits ? detail : { ...detail, points: detail.points.map((point) => ({ ...point, bytes: "" })) }];
  });
  const data: ReportData = { state, details };
  // "</script>" in a line of a log must not end the element, nor "<!--" begin a comment.
  const text = JSON.stringify(data).replaceAll("<", "\\u003c");
  const policy = `<meta http-equiv="Content-Security-Policy" content="${page.reportPolicy}">`;
  return page.html
    .replace("<!--policy-->", () => policy)
    .replace("<!--report-->", () => `<script type="application/json" id="data">${text}</script>`);
}
