/** Which UTF-16 units one place of a regular expression takes, as V8 itself says. */
export interface CharSet {
  has(unit: number): boolean;
}

/** Units below are looked up, those above are asked for and remembered. */
const TABLE_SIZE = 256;
const MAX_REMEMBERED = 4096;

/** `source`: one character, escape, class or `.`; `modes`: the modifiers around it. */
export function createCharSet(source: string, modes: string): CharSet {
  const code = source.length === 1 && source !== "." ? source.charCodeAt(0) : undefined;
  if (code !== undefined) return { has: (unit) => unit === code };
  const regexp = new RegExp(modes === "" ? `^(?:${source})$` : `^(?${modes}:${source})(?![^])`);
  const table = Uint8Array.from({ length: TABLE_SIZE }, (_, unit) => takes(regexp, unit) ? 1 : 0);
  const remembered = new Map<number, boolean>();
  return {
    has: (unit) => {
      if (unit < TABLE_SIZE) return table[unit] === 1;
      const known = remembered.get(unit);
      if (known !== undefined) return known;
      const found = takes(regexp, unit);
      if (remembered.size < MAX_REMEMBERED) remembered.set(unit, found);
      return found;
    },
  };
}

function takes(regexp: RegExp, unit: number): boolean {
  return regexp.test(String.fromCharCode(unit));
}
