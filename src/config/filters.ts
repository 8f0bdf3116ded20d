import type { SettingReader } from "./reader.ts";

/** Filters, and where points go to by their tags: what DataKit does with points on their way out. */
export interface FiltersConfig {
  /** `ENV_IO_FILTERS`, not read yet; empty: there is none. */
  readonly local: string;
  /** Whether the workspace's filters are asked for; never when there are local ones. */
  readonly pull: boolean;
}

/** Reads them. Conditions are looked at by the filters' own module, which is loaded only when there are some. */
export function readFiltersConfig(read: SettingReader): FiltersConfig {
  const local = read.text("ENV_IO_FILTERS", {
    default: "",
    description:
      'Filters (blacklists) as JSON, in DataKit\'s language: `{"logging":["{ status in [\'debug\'] }"]}`. A point for ' +
      "which a condition of its category holds is not kept, and counts as `refused_filtered`",
  });
  const pull = read.choice("ENV_DATAWAY_PULL", ["off", "filters"], {
    default: "off",
    description:
      "`filters`: use the workspace's filters too, asked for beside an upload at most once a minute; what came before " +
      "the first answer is not filtered. Not used beside `ENV_IO_FILTERS`",
  });
  return { local, pull: pull === "filters" && local === "" };
}
