/** Which version of our layer a function gets: the pinned one, or that of the list of ARNs. */
import type { ListedLayer } from "./publish_list.ts";

/** What the layer may be chosen from. */
export interface LayerSource {
  /** Pinned layer versions. If there are any, nothing else counts. */
  readonly pinned: readonly string[];
  readonly listed: readonly ListedLayer[];
  /** Pinned version of the extension. */
  readonly extensionVersion: string | undefined;
}

/** A layer version, or a layer of which the version is yet to be found by its description. */
export type LayerChoice =
  | { readonly arn: string }
  | { readonly layerArn: string; readonly extensionVersion: string };

const SUFFIX = /-(x86_64|arm64):\d+$/;

/** The layer for `architecture` (`x86_64`, `arm64`) in `region`. Throws, saying why, when there is none. */
export function chooseLayer(source: LayerSource, region: string, architecture: string): LayerChoice {
  if (source.pinned.length > 0) return { arn: choosePinned(source.pinned, region, architecture) };
  const arch = architecture === "arm64" ? "arm64" : "amd64";
  const entry = source.listed.find((layer) => layer.region === region && layer.arch === arch);
  if (entry === undefined) {
    throw new Error(
      `no layer is known for ${region} and ${architecture}: publish it, or give its ARN by --layer-arn`,
    );
  }
  const { extensionVersion } = source;
  if (extensionVersion === undefined || entry.extensionVersion === extensionVersion) {
    return { arn: entry.arn };
  }
  return { layerArn: entry.arn.replace(/:\d+$/, ""), extensionVersion };
}

function choosePinned(pinned: readonly string[], region: string, architecture: string): string {
  const here = pinned.filter((arn) => arn.split(":")[3] === region);
  // A layer by another name may be for any architecture: Lambda's own word decides, later.
  const fitting = here.find((arn) => SUFFIX.exec(arn)?.[1] === architecture) ??
    here.find((arn) => !SUFFIX.test(arn)) ?? here[0];
  if (fitting !== undefined) return fitting;
  const regions = Array.from(new Set(pinned.map((arn) => arn.split(":")[3]))).join(", ");
  throw new Error(`the layer must be of the function's region ${region}: --layer-arn is of ${regions}`);
}
