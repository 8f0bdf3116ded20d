/** Where in a body's text something is, when only the place in its bytes is known. */

/** Bytes looked at in one go. */
const PIECE_BYTES = 262_144;

/** Counts characters as JavaScript does, in units of UTF-16. */
export interface CharacterCounter {
  /** Characters before `at`, a byte order mark not counted; `undefined`: not all are counted yet, ask again. */
  countTo(at: number): number | undefined;
}

/** A counter of a body's characters, for one place of it. */
export function createCharacterCounter(body: Uint8Array): CharacterCounter {
  const decoder = new TextDecoder();
  let characters = 0;
  let from = 0;
  return {
    countTo: (at) => {
      const to = Math.min(from + PIECE_BYTES, at);
      characters += decoder.decode(body.subarray(from, to), { stream: to < at }).length;
      from = to;
      return from < at ? undefined : characters;
    },
  };
}
