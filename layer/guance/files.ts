/** The files for a Guance workspace, by name: what `make.ts` writes and the tests compare. */
import { allCharts } from "./charts.ts";
import { createDashboard } from "./dashboard.ts";
import { createMonitors } from "./monitors.ts";
import { drawLayout } from "./picture.ts";
import { LANGUAGES } from "./words.ts";

/** Names, relative to this folder, and texts. */
export function guanceFiles(): ReadonlyMap<string, string> {
  const charts = allCharts();
  return new Map(
    LANGUAGES.flatMap((language) => [
      [`dashboard.${language}.json`, encode(createDashboard(charts, language))],
      [`monitors.${language}.json`, encode(createMonitors(language))],
      [`dashboard.${language}.svg`, drawLayout(charts, language)],
    ]),
  );
}

/** One chart, query or monitor a line: small, and a change shows where it is. Inside of texts, quotes are escaped. */
function encode(value: unknown): string {
  return `${JSON.stringify(value).replaceAll(/(?<=[[,])(?=\{"(?:name|extend)":)/g, "\n")}\n`;
}
