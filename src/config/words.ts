import type { SettingReader } from "./reader.ts";

/** What a list of words is made of. */
export interface WordsOptions<T> {
  /** As a user would write it. */
  readonly default: readonly string[];
  readonly description: string;
  /** What a word stands for: nothing for the likes of `off`; `undefined` for one that cannot be used. */
  parse(word: string): readonly T[] | undefined;
  /** What is said of a word that cannot be used. */
  complain(quoted: string): string;
}

/**
 * A list, word by word. Each word that cannot be used is a problem of its own. Where none can, the default is used:
 * whoever misspelt all of a list did not ask for nothing.
 */
export function readWords<T>(read: SettingReader, name: string, options: WordsOptions<T>): readonly T[] {
  const words = read.list(name, options);
  const parsed = words.map((word) => ({ word, values: options.parse(word) }));
  const isUsable = words.length === 0 || parsed.some(({ values }) => values !== undefined);
  for (const { word, values } of parsed) {
    if (values !== undefined) continue;
    const used = isUsable ? "the others" : options.default.join(",");
    read.problem({ name, message: options.complain(read.quote(word)), used });
  }
  const used = isUsable ? parsed.map(({ values }) => values) : options.default.map(options.parse);
  return used.flatMap((values) => values ?? []);
}

/** The parser of a list of known words, in any case, and of words for none of them. */
export function parseKnown<T extends string>(
  known: readonly T[],
  none: readonly string[] = [],
): (word: string) => readonly T[] | undefined {
  return (word) => {
    const lower = word.toLowerCase();
    const found = known.find((each) => each === lower);
    if (found !== undefined) return [found];
    return none.includes(lower) ? [] : undefined;
  };
}
