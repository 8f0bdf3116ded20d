import type { ProtoCursor } from "./proto_cursor.ts";
import type { AroundParts } from "./request_walk.ts";

/** Reads what stands around items: the resource, and with what came of it the scope. */
export interface AroundReader<R, S> {
  readonly resource: (c: ProtoCursor, parts: AroundParts) => R;
  readonly scope: (c: ProtoCursor, resource: R, parts: AroundParts) => S;
}

/** What stands around the items of one request. */
export interface Around<S> {
  /** For the request's visitor. */
  readonly resource: (parts: AroundParts) => void;
  readonly scope: (parts: AroundParts) => void;
  /** What stands around the current item: read with the first one below it. */
  readonly read: () => S;
  /** The same as far as it was read; `undefined`: nobody has asked yet. */
  readonly peek: () => S | undefined;
}

/** Nothing is read of what has no items, or none that are taken. */
export function createAround<R extends object, S extends object>(
  c: ProtoCursor,
  reader: AroundReader<R, S>,
): Around<S> {
  let resourceParts: AroundParts;
  let scopeParts: AroundParts;
  let resource: R | undefined;
  let scope: S | undefined;

  function readNow(): S {
    resource ??= reader.resource(c, resourceParts);
    scope = reader.scope(c, resource, scopeParts);
    return scope;
  }

  return {
    resource: (parts) => {
      resourceParts = parts;
      resource = undefined;
      scope = undefined;
    },
    scope: (parts) => {
      scopeParts = parts;
      scope = undefined;
    },
    read: () => scope ?? readNow(),
    peek: () => scope,
  };
}
