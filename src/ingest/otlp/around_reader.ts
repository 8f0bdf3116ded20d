/** Reads what stands around the items of a request: attributes of resources and scopes, names and versions. */
import { type AttributeList, beginAttributes, readAttribute } from "./attribute_list.ts";
import {
  allowFields,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import type { AroundParts } from "./request_walk.ts";

/** A text's place; begin and end are equal without one. */
export interface Place {
  from: number;
  to: number;
}

/** What a scope says of itself besides its attributes. */
export interface Around {
  readonly name: Place;
  readonly version: Place;
  /** There is more than is read. */
  readonly isCut: boolean;
}

/** The member that the two have in different places. */
const RESOURCE_ATTRIBUTES = 0x0a;
const SCOPE_ATTRIBUTES = 0x1a;

/** Reads a `Resource`, or with `isScope` a scope. Attributes go into the list, which is begun. */
export function readAround<T>(
  c: ProtoCursor,
  { places, isCut }: AroundParts,
  isScope: boolean,
  attributes: AttributeList<T>,
): Around {
  const name = { from: 0, to: 0 };
  const version = { from: 0, to: 0 };
  beginAttributes(attributes);
  allowFields(c);
  for (let i = 0; i < places.length; i += 2) {
    moveTo(c, places[i] ?? 0, places[i + 1] ?? 0);
    for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
      if (tag === (isScope ? SCOPE_ATTRIBUTES : RESOURCE_ATTRIBUTES)) readAttribute(attributes, c);
      else if (isScope && tag === 0x0a) readPlace(c, name);
      else if (isScope && tag === 0x12) readPlace(c, version);
      else skipField(c, tag);
    }
  }
  const around = { name, version, isCut: isCut || isUsedUp(c) };
  allowFields(c);
  return around;
}

function readPlace(c: ProtoCursor, place: Place): void {
  const length = readLength(c);
  place.from = c.at;
  place.to = c.at += length;
}
