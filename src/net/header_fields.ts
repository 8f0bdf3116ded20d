import { type Field, valueOf } from "./http1_head.ts";

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
