/** Whether Lambda would take the change, and whether the function would still start: asked before anything is done. */
import { compareVersions, glibcOf } from "./aws_runtimes.ts";
import type { FunctionSettings } from "./attach_change.ts";

/** What is known of the function and of the layer. */
export interface Facts {
  readonly packageType: string;
  readonly architecture: string;
  /** Undefined for container images. */
  readonly runtime: string | undefined;
  readonly region: string;
  /** Architectures that the layer names; none when its region does not know the field. */
  readonly layerArchitectures: readonly string[];
  readonly layerDescription: string;
  /** Unpacked sizes of the function's code and of each layer, in bytes; undefined: could not be found out. */
  readonly unpackedBytes: ReadonlyMap<string, number | undefined>;
}

const MAX_LAYERS = 5;
const MAX_UNPACKED_BYTES = 250 * 1024 * 1024;
const MAX_VARIABLES_BYTES = 4096;

/** Of a container image. */
export const IMAGE_OBJECTION = "it is a container image, which takes no layers: see layer/examples/container";

/** What speaks against it, in one line each. Empty: nothing that is known. */
export function objections(after: FunctionSettings, layer: string, facts: Facts): readonly string[] {
  const { architecture, layerArchitectures, packageType, region } = facts;
  if (packageType === "Image") return [IMAGE_OBJECTION];
  const found: string[] = [];
  const layerRegion = layer.split(":")[3];
  if (layerRegion !== region) {
    found.push(`the layer must be of the function's region ${region}: it is of ${layerRegion}`);
  }
  const named = layerArchitectures.length > 0
    ? layerArchitectures
    : /-(x86_64|arm64):\d+$/.exec(layer)?.slice(1) ?? [];
  if (named.length > 0 && !named.includes(architecture)) {
    found.push(
      `the layer must be for the function's architecture ${architecture}: it is for ${named.join(", ")}`,
    );
  }
  if (after.layers.length > MAX_LAYERS) {
    found.push(`a function has at most ${MAX_LAYERS} layers: it would have ${after.layers.length}`);
  }
  found.push(...glibcObjection(facts), ...sizeObjection(facts), ...variablesObjection(after));
  return found;
}

/** What the size is not known of, for the user to see; at most one line. */
export function describeUnmeasured({ unpackedBytes }: Facts): readonly string[] {
  const unknown = Array.from(unpackedBytes).filter(([, bytes]) => bytes === undefined).map(([what]) => what);
  if (unknown.length === 0) return [];
  return [
    `unpacked it has ${(knownBytes(unpackedBytes) / 1e6).toFixed(1)} MB of ${
      (MAX_UNPACKED_BYTES / 1e6).toFixed(1)
    } MB, besides what could not be measured: ${unknown.join(", ")}`,
  ];
}

function sizeObjection({ unpackedBytes }: Facts): string[] {
  const bytes = knownBytes(unpackedBytes);
  if (bytes <= MAX_UNPACKED_BYTES) return [];
  return [`code and layers may have ${MAX_UNPACKED_BYTES} bytes unpacked: they would have ${bytes}`];
}

function knownBytes(sizes: ReadonlyMap<string, number | undefined>): number {
  return Array.from(sizes.values()).reduce((sum: number, bytes) => sum + (bytes ?? 0), 0);
}

/** An extension that cannot start breaks every invocation; of an unknown runtime Lambda's own checks are all there is. */
function glibcObjection({ layerDescription, runtime }: Facts): string[] {
  const needed = /glibc>=(\d+\.\d+)/.exec(layerDescription)?.[1];
  const present = runtime === undefined ? undefined : glibcOf(runtime);
  if (needed === undefined || present === undefined || compareVersions(needed, present) <= 0) return [];
  return [`the layer needs glibc ${needed}: the runtime ${runtime} has ${present}`];
}

function variablesObjection({ variables }: FunctionSettings): string[] {
  const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(variables))).length;
  if (bytes <= MAX_VARIABLES_BYTES) return [];
  return [`a function's variables may have ${MAX_VARIABLES_BYTES} bytes: they would have ${bytes}`];
}
