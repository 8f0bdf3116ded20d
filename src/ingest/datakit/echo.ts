/**
 * What the write API gives back when a client asks to see its points as they are stored, without common tags.
 * @see https://docs.guance.com/en/datakit/apis/#review-post-point
 */
import { toExactJson } from "../../json/exact_json.ts";
import { createGrowingBuffer } from "../growing_buffer.ts";
import { isArray } from "../../point/clean_field_value.ts";
import { encodeLineProtocol } from "../../point/line_protocol.ts";
import type { FieldValue, Point } from "../../point/point.ts";

/** Line protocol, the simple JSON form, or PB-JSON, whose fields carry their types. */
export type EchoForm = "lp" | "json" | "pbjson";

const NO_TAGS: ReadonlyMap<string, string> = new Map();

/** The form that a query asks for, by `echo` or one of the two parameters that it replaced. */
export function parseEcho(query: (name: string) => string | undefined): EchoForm | undefined {
  const form = query("echo") ?? "";
  if (form === "lp" || form === "json" || form === "pbjson") return form;
  if (form !== "") return undefined;
  if ((query("echo_line_proto") ?? "") !== "") return "lp";
  return (query("echo_json") ?? "") === "" ? undefined : "json";
}

/** Points as a body that the write API takes again; only the simple JSON form loses the types of numbers. */
export interface Echo {
  add(point: Point): void;
  /** The whole body. */
  end(): Uint8Array<ArrayBuffer>;
}

/** An echo of no point. */
export function createEcho(form: EchoForm): Echo {
  const encoder = new TextEncoder();
  const body = createGrowingBuffer(Infinity);

  function jsonOf(point: Point): string {
    return toExactJson(form === "json" ? toSimple(point) : toTyped(point));
  }

  return {
    add: (point) => {
      if (form === "lp") body.append(encodeLineProtocol([point], NO_TAGS));
      else body.append(encoder.encode(`${body.sizeBytes() === 0 ? "[" : ","}${jsonOf(point)}`));
    },
    end: () => {
      if (form === "lp") return body.bytes().subarray(0, -1);
      body.append(encoder.encode(body.sizeBytes() === 0 ? "[]" : "]"));
      return body.bytes();
    },
  };
}

function toSimple({ measurement, tags, fields, timeNs }: Point): ReadonlyMap<string, unknown> {
  const simple = new Map<string, unknown>([["measurement", measurement]]);
  if (tags.size > 0) simple.set("tags", tags);
  simple.set("fields", new Map(Array.from(fields, ([key, value]) => [key, plain(value)])));
  return simple.set("time", timeNs);
}

/** protobuf's JSON writes 64-bit integers as text. */
function toTyped({ measurement, tags, fields, timeNs }: Point): unknown {
  return {
    name: measurement,
    fields: [
      ...Array.from(fields, ([key, value]) => ({ key, ...typed(value) })),
      ...Array.from(tags, ([key, value]) => ({ key, s: value, is_tag: true })),
    ],
    time: String(timeNs),
  };
}

function typed(value: FieldValue): Readonly<Record<string, unknown>> {
  if (isArray(value)) return { a: { "@type": "type.googleapis.com/point.Array", arr: value.map(typed) } };
  switch (typeof value) {
    case "string":
      return { s: value };
    case "number":
      return { f: value };
    case "bigint":
      return { i: String(value) };
    case "boolean":
      return { b: value };
    default:
      return value instanceof Uint8Array ? { d: value } : { u: String(value.unsigned) };
  }
}

function plain(value: FieldValue): unknown {
  if (isArray(value)) return value.map(plain);
  return typeof value === "object" && !(value instanceof Uint8Array) ? value.unsigned : value;
}
