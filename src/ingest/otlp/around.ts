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
  /**
   * Reads the next part of it where it is much, and returns the work, in bytes: the item is to be taken again. 0: all of
   * it is read, or it is little.
   */
  readonly prepare: () => number;
  /** The same as far as it was read; `undefined`: nobody has asked yet. */
  readonly peek: () => S | undefined;
}

/** From so many bytes on it is much. */
const MUCH_BYTES = 8 * 1024;

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

  function prepare(): number {
    if (scope !== undefined) return 0;
    const bytes = bytesOf(resourceParts) + bytesOf(scopeParts);
    if (bytes < MUCH_BYTES) return 0;
    if (resource === undefined) resource = reader.resource(c, resourceParts);
    else readNow();
    return bytes;
  }

  return {
    prepare,
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

function bytesOf({ places }: AroundParts): number {
  let bytes = 0;
  for (let i = 0; i < places.length; i += 2) bytes += (places[i + 1] ?? 0) - (places[i] ?? 0);
  return bytes;
}
