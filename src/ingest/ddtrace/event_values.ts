/** Looks into an invocation's event: a value of another form than the one asked for counts as missing. */
import { isJsonObject, type JsonObject } from "../../json/exact_json.ts";

/** A value that is an object. */
export function asObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

/** The member that is an object. */
export function objectIn(parent: JsonObject | undefined, key: string): JsonObject | undefined {
  return asObject(memberIn(parent, key));
}

/** The member that is a text with something in it. */
export function textIn(parent: JsonObject | undefined, key: string): string | undefined {
  const value = memberIn(parent, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The member that is a finite number, or the text of one. */
export function numberIn(parent: JsonObject | undefined, key: string): number | undefined {
  const value = memberIn(parent, key);
  const isText = typeof value === "string" && value.trim() !== "" && value.length <= 40;
  const number = typeof value === "number" ? value : isText ? Number(value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** The member that is a list. */
export function listIn(parent: JsonObject | undefined, key: string): readonly unknown[] | undefined {
  const value = memberIn(parent, key);
  return Array.isArray(value) ? value : undefined;
}

/** A member of the object's own. */
export function memberIn(parent: JsonObject | undefined, key: string): unknown {
  return parent !== undefined && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** The event's records: as many as there are, of which the first few were read. */
export function recordsOf(event: JsonObject): readonly unknown[] {
  // Older tracers for Java write the objects that the runtime made of the event: their names have no capital letter.
  return listIn(event, "Records") ?? listIn(event, "records") ?? [];
}

/** The first record, which stands for all of a batch. */
export function firstRecord(event: JsonObject): JsonObject | undefined {
  return asObject(recordsOf(event)[0]);
}
