/** The tags of data points: their own, their metric's, and those of their scope and resource, the nearer ones first. */
import type { OtlpConfig } from "../../config/otlp.ts";
import type { Key, Slot } from "../../point/point_keys.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { readAround } from "./around_reader.ts";
import { type AttributeList, createAttributeList, PLACES } from "./attribute_list.ts";
import { underscored } from "./promotion.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { type SharedTag, shareTag, writeShared } from "./shared_tag.ts";
import { textOf, writeTag } from "./value_field.ts";

/** A tag that many data points share. */
export interface SeriesTag extends SharedTag {
  readonly key: Key;
}

/** What the data points of a scope share. */
export interface ScopeSeries {
  readonly tags: readonly SeriesTag[];
  /** Whether they name the instance that they are of. */
  readonly isOfInstance: boolean;
}

/** Prepares and writes tags of data points. */
export interface MetricSeries {
  /** Of the data point that is to be read: its attributes' keys, `undefined` for those that are left out. */
  readonly attributes: AttributeList<Key | undefined>;
  /** The tags of a `ResourceMetrics`, by name; a nearer one of the same name hides them, also if it is empty. */
  readonly resource: (c: ProtoCursor, from: number, to: number) => ReadonlyMap<string, string>;
  readonly scope: (
    c: ProtoCursor,
    resource: ReadonlyMap<string, string>,
    from: number,
    to: number,
  ) => ScopeSeries;
  readonly share: (name: string, value: string) => SeriesTag;
  /** Writes the attributes of the data point, then the tags of its metric and scope, as far as it has none of the name. */
  readonly write: (c: ProtoCursor, metric: readonly SeriesTag[], scope: readonly SeriesTag[]) => void;
}

/** What the SDK says of itself would be a tag of every series: DataKit leaves these out, too. */
const REMOVED =
  /^(process\.(command_line|executable\.path|runtime\.(description|name|version))|telemetry\.(distro\.(name|version)|sdk\.(language|name|version)))$/;

export function createMetricSeries(config: OtlpConfig, writer: PointWriter): MetricSeries {
  const around = createAttributeList((name) => REMOVED.test(name) ? undefined : underscored(name));
  const attributes = createAttributeList((name) =>
    REMOVED.test(name) ? undefined : writer.key("metric", underscored(name))
  );
  const value = createAnyValue();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Keys of empty attributes of the data point, which hide those further away. */
  const hidden: Slot[] = [];

  function readValue(c: ProtoCursor, { places }: { readonly places: Int32Array }, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, places[place + 2] ?? 0, places[place + 3] ?? 0, value);
  }

  function addAround(c: ProtoCursor, tags: Map<string, string>): void {
    for (let index = 0; index < around.count; index++) {
      const name = around.names[index]?.value;
      if (name === undefined) continue;
      readValue(c, around, index);
      tags.set(name, textOf(c, value));
    }
  }

  function share(name: string, text: string): SeriesTag {
    return { key: writer.key("metric", name), ...shareTag(writer, "metric", name, text) };
  }

  function isTaken({ slot }: Key): boolean {
    return hidden.length > 0 && hidden.includes(slot);
  }

  function writeAll(tags: readonly SeriesTag[]): void {
    for (const tag of tags) {
      if (!writer.has(tag.key) && !isTaken(tag.key)) writeShared(writer, tag);
    }
  }

  return {
    attributes,
    share,
    resource: (c, from, to) => {
      readAround(c, from, to, false, around);
      const tags = new Map(config.tags);
      tags.set("remote_ip", "127.0.0.1");
      addAround(c, tags);
      return tags;
    },
    scope: (c, resource, from, to) => {
      const { name } = readAround(c, from, to, true, around);
      const tags = new Map(resource);
      addAround(c, tags);
      if (name.from < name.to) tags.set("scope_name", decoder.decode(c.bytes.subarray(name.from, name.to)));
      return {
        tags: Array.from(tags, ([key, text]) => share(key, text)),
        isOfInstance: tags.has("service_instance_id") || tags.has("faas_instance"),
      };
    },
    write: (c, metric, scope) => {
      hidden.length = 0;
      for (let index = attributes.count - 1; index >= 0; index--) {
        const key = attributes.names[index]?.value;
        if (key === undefined || writer.has(key) || isTaken(key)) continue;
        readValue(c, attributes, index);
        writeTag(writer, key, c, value);
        if (!writer.has(key)) hidden.push(key.slot);
      }
      writeAll(metric);
      writeAll(scope);
    },
  };
}
