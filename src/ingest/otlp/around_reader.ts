/** Reads what stands around the items of a request: attributes of resources and scopes, names and schemas. */
import { type AttributeList, beginAttributes, readAttribute } from "./attribute_list.ts";
import { moveTo, type ProtoCursor, readLength, readTag, skipField } from "./proto_cursor.ts";

/** A text's place; begin and end are equal without one. */
export interface Place {
  from: number;
  to: number;
}

/** What a `ResourceSpans` or `ScopeSpans`, …, says besides its items. The attributes are in the list. */
export interface Around {
  /** Of a scope. */
  readonly name: Place;
  readonly version: Place;
  readonly schemaUrl: Place;
}

/** The members that the two have in other places. */
const RESOURCE_ATTRIBUTES = 0x0a;
const SCOPE_ATTRIBUTES = 0x1a;
const AROUND = 0x0a;
const SCHEMA_URL = 0x1a;

/**
 * Reads the `ResourceSpans`, …, that lies at `[from, to)`, or with `isScope` the `ScopeSpans`, …; what is below is
 * passed over. Attributes go into the list, which is begun; parts of a message that comes in several are merged.
 */
export function readAround<T>(
  c: ProtoCursor,
  from: number,
  to: number,
  isScope: boolean,
  attributes: AttributeList<T>,
): Around {
  const around: Around = {
    name: { from, to: from },
    version: { from, to: from },
    schemaUrl: { from, to: from },
  };
  beginAttributes(attributes);
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === SCHEMA_URL) readPlace(c, around.schemaUrl);
    else if (tag !== AROUND) skipField(c, tag);
    else {
      const length = readLength(c);
      const end = c.at + length;
      c.end = end;
      readMembers(c, isScope, around, attributes);
      moveTo(c, end, to);
    }
  }
  return around;
}

function readMembers<T>(
  c: ProtoCursor,
  isScope: boolean,
  around: Around,
  attributes: AttributeList<T>,
): void {
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === (isScope ? SCOPE_ATTRIBUTES : RESOURCE_ATTRIBUTES)) readAttribute(attributes, c);
    else if (isScope && tag === 0x0a) readPlace(c, around.name);
    else if (isScope && tag === 0x12) readPlace(c, around.version);
    else skipField(c, tag);
  }
}

function readPlace(c: ProtoCursor, place: Place): void {
  const length = readLength(c);
  place.from = c.at;
  place.to = c.at += length;
}
