import type { LongText, TextForm, TextList } from "../../point/long_text.ts";

/** Texts that stay in a body, of which there may be very many: eight bytes are held of each. */
export class BodyTexts implements TextList {
  readonly #bytes: Uint8Array;
  readonly #form: TextForm;
  #places = new Uint32Array(64);
  #length = 0;

  constructor(bytes: Uint8Array, form: TextForm) {
    this.#bytes = bytes;
    this.#form = form;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the text at `bytes[from, to)`. */
  add(from: number, to: number): void {
    const at = 2 * this.#length++;
    if (at === this.#places.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places[at] = from;
    this.#places[at + 1] = to;
  }

  at(index: number): LongText | undefined {
    if (index >= this.#length) return undefined;
    const from = this.#places[2 * index] ?? 0;
    const to = this.#places[2 * index + 1] ?? 0;
    return [{ bytes: this.#bytes, from, to, form: this.#form }];
  }
}
