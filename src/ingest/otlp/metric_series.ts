/** The tags of data points: their own, their metric's, and those of their scope and resource, the nearer ones first. */
import type { OtlpConfig } from "../../config/otlp.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import type { Key, Slot } from "../../point/point_keys.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { readAround } from "./around_reader.ts";
import { type AttributeList, createAttributeList, PLACES } from "./attribute_list.ts";
import { MAX_SHARED } from "./limits.ts";
import { underscored } from "./promotion.ts";
import { isUsedUp, type ProtoCursor } from "./proto_cursor.ts";
import type { AroundReader } from "./around.ts";
import { type ForeignTag, shareForeignTag, writeForeign } from "./shared_tag.ts";
import { nameOf, writeTag } from "./value_field.ts";

/** What the data points of a scope share. */
export interface ScopeSeries {
  readonly tags: readonly ForeignTag[];
  /** There are more than a point may have. */
  readonly isCut: boolean;
  /** Whether they name the instance that they are of. */
  readonly isOfInstance: boolean;
}

/** Prepares and writes tags of data points. */
export interface MetricSeries extends AroundReader<ReadonlyMap<string, string>, ScopeSeries> {
  /** Of the data point that is to be read: its attributes' keys, `undefined` for those that are left out. */
  readonly attributes: AttributeList<Key | undefined>;
  /** The tags of a `ResourceMetrics`, by name; a nearer one of the same name hides them, also if it is empty. */
  readonly resource: AroundReader<ReadonlyMap<string, string>, ScopeSeries>["resource"];
  readonly share: (name: string, value: string) => ForeignTag;
  /** Writes the attributes of the data point, then the tags of its metric and scope, as far as it has none of the name. */
  readonly write: (c: ProtoCursor, metric: readonly ForeignTag[], scope: ScopeSeries) => void;
}

/** What the SDK says of itself would be a tag of every series: DataKit leaves these out, too. */
const REMOVED =
  /^(process\.(command_line|executable\.path|runtime\.(description|name|version))|telemetry\.(distro\.(name|version)|sdk\.(language|name|version)))$/;

export function createMetricSeries(config: OtlpConfig, { writer, refuse }: Intake): MetricSeries {
  const { keys } = writer.kind("metric", "otel_service");
  const around = createAttributeList((name) => REMOVED.test(name) ? undefined : underscored(name));
  const attributes = createAttributeList(
    (name) => REMOVED.test(name) ? undefined : keys.of(underscored(name)),
    (key) => key?.isKept !== false,
  );
  const value = createAnyValue();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Keys of empty attributes of the data point, which hide those further away. */
  const hidden = new Set<Slot>();

  function readValue(c: ProtoCursor, { places }: { readonly places: Int32Array }, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, places[place + 2] ?? 0, places[place + 3] ?? 0, value);
  }

  function addAround(c: ProtoCursor, tags: Map<string, string>): void {
    for (let index = 0; index < around.count && !isUsedUp(c); index++) {
      const name = around.names[index]?.value;
      if (name === undefined) continue;
      readValue(c, around, index);
      tags.set(name, nameOf(c, value));
    }
  }

  function share(name: string, text: string): ForeignTag {
    return shareForeignTag(keys, name, text);
  }

  /** Whether the point begun has a tag of the key, or none on purpose. */
  function isTaken(key: Key): boolean {
    return writer.has(key) || (hidden.size > 0 && hidden.has(key.slot));
  }

  function writeAll(tags: readonly ForeignTag[]): void {
    for (const tag of tags) {
      const key = keys.current(tag.key);
      if (!isTaken(key)) writeForeign(writer, tag, key);
    }
  }

  return {
    attributes,
    share,
    resource: (c, parts) => {
      const { isCut } = readAround(c, parts, false, around);
      const tags = new Map(config.tags);
      tags.set("remote_ip", "127.0.0.1");
      addAround(c, tags);
      if (isCut || isUsedUp(c)) refuse("trimmed");
      return tags;
    },
    scope: (c, resource, parts) => {
      const { name, isCut } = readAround(c, parts, true, around);
      const tags = new Map(resource);
      addAround(c, tags);
      if (isCut || isUsedUp(c)) refuse("trimmed");
      if (name.from < name.to) tags.set("scope_name", decoder.decode(c.bytes.subarray(name.from, name.to)));
      return {
        tags: Array.from(tags).slice(0, MAX_SHARED).map(([key, text]) => share(key, text)),
        isCut: tags.size > MAX_SHARED,
        isOfInstance: tags.has("service_instance_id") || tags.has("faas_instance"),
      };
    },
    write: (c, metric, scope) => {
      if (hidden.size > 0) hidden.clear();
      for (let index = attributes.count - 1; index >= 0 && !isUsedUp(c); index--) {
        const known = attributes.names[index]?.value;
        const key = known === undefined ? undefined : keys.current(known);
        if (key === undefined || isTaken(key)) continue;
        readValue(c, attributes, index);
        writeTag(writer, key, c, value);
        if (!writer.has(key)) hidden.add(key.slot);
      }
      writeAll(metric);
      writeAll(scope.tags);
      if (scope.isCut) writer.trim();
    },
  };
}
