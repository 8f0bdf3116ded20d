/** Fields of heads, as HTTP/1 and HTTP/2 bring them. */

export type Field = readonly [name: string, value: string];

/** All values of a field, joined by commas; `undefined` when there is none. */
export function valueOf(fields: readonly Field[], name: string): string | undefined {
  let joined: string | undefined;
  // Not by an iterator: asked several times for each request, in code that is never optimized.
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at];
    if (field?.[0] === name) joined = joined === undefined ? field[1] : `${joined}, ${field[1]}`;
  }
  return joined;
}

/** The part of `Headers` that is asked for of what comes in. */
export type HeaderFields = Pick<Headers, "get" | "has" | "forEach"> & Iterable<[string, string]>;

/** In place of the runtime's `Headers`, each entry of which is checked and put in order before anybody asks for it. */
class Fields implements HeaderFields {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  get(name: string): string | null {
    return valueOf(this.#fields, name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  forEach(each: (value: string, name: string, headers: Headers) => void): void {
    new Headers(Array.from(this)).forEach(each);
  }

  *[Symbol.iterator](): Generator<[string, string], undefined> {
    for (const [name, value] of this.#fields) yield [name, value];
  }
}

/** Fields by name, which are in lower case. */
export function createHeaderFields(fields: readonly Field[]): HeaderFields {
  return new Fields(fields);
}
