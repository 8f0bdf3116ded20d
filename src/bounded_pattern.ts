/**
 * Users' patterns on long texts. V8's usual engine is quick, but a search that finds nothing may take a time that grows
 * with the square of the text, which its limit of backtracks does not see: `[a-z]+@` takes half a minute for 256 KB of
 * base64. Its engine of linear time, which the flag `l` asks for, takes a hundred times longer for other texts. So long
 * texts are tried in pieces first: the linear engine runs where the usual one was slow on one of them.
 * @see https://v8.dev/blog/non-backtracking-regexp
 */

/** A pattern that no text can hold up for long. */
export interface BoundedPattern {
  test(text: string): boolean;
  /** Replaces all that is found, as `String.replace` does. What there is no time for is replaced as a whole. */
  replaceAll(text: string, replacement: string): string;
}

/** Longer texts are tried in pieces of this many UTF-16 units. */
const PIECE = 1024;
/** A piece takes 5 to 20 µs; the square of it a millisecond. */
const SLOW_PIECE_MS = 0.15;
/** For all that is found in one text. */
const MAX_REPLACING_MS = 200;

/** The pattern with both engines. */
export function createBoundedPattern(pattern: RegExp): BoundedPattern {
  const once = new RegExp(pattern.source);
  const all = new RegExp(pattern.source, "g");
  let linear: RegExp | undefined | "none";

  /** The engine of linear time; `undefined` where V8 runs without it. */
  function linearEngine(): RegExp | undefined {
    if (linear === undefined) {
      try {
        linear = new RegExp(pattern.source, "gl");
      } catch {
        linear = "none";
      }
    }
    return linear === "none" ? undefined : linear;
  }

  function slowEngineOf(text: string): RegExp | undefined {
    return text.length > PIECE && isSlow(all, text) ? linearEngine() : undefined;
  }

  return {
    test: (text) => {
      const engine = slowEngineOf(text);
      if (engine === undefined) return once.test(text);
      engine.lastIndex = 0;
      return engine.test(text);
    },
    replaceAll: (text, replacement) => {
      const engine = slowEngineOf(text);
      return engine === undefined
        ? text.replace(all, replacement)
        : replaceWithin(text, engine, replacement, MAX_REPLACING_MS);
    },
  };
}

/** An expression whose `test` no text can hold up for long. */
export class BoundedRegExp extends RegExp {
  readonly #bounded: BoundedPattern;

  constructor(source: string) {
    super(source);
    this.#bounded = createBoundedPattern(this);
  }

  override test(text: string): boolean {
    return this.#bounded.test(text);
  }
}

function isSlow(all: RegExp, text: string): boolean {
  for (let from = 0; from < text.length; from += PIECE) {
    const startedAt = performance.now();
    text.slice(from, from + PIECE).replace(all, "");
    if (performance.now() - startedAt > SLOW_PIECE_MS) return true;
  }
  return false;
}

/** Replaces what `engine`, a global expression, finds; after `budgetMs` the rest of the text goes as one. */
export function replaceWithin(text: string, engine: RegExp, replacement: string, budgetMs: number): string {
  const endAt = performance.now() + budgetMs;
  let replaced = "";
  let done = 0;
  engine.lastIndex = 0;
  for (let found = engine.exec(text); found !== null; found = engine.exec(text)) {
    replaced += text.slice(done, found.index) + expand(replacement, found, text);
    done = found.index + found[0].length;
    if (found[0] === "") engine.lastIndex++;
    if (performance.now() > endAt) return replaced + expand(replacement, found, text);
  }
  return replaced + text.slice(done);
}

/** What a replacement stands for: `$$`, `$&`, `` $` ``, `$'`, `$1`, `$<name>`. */
function expand(replacement: string, found: RegExpExecArray, text: string): string {
  if (!replacement.includes("$")) return replacement;
  return replacement.replace(/\$(?:([$&`'])|(\d{1,2})|<([^>]*)>)/g, (whole, sign, digits, name) => {
    if (sign === "$") return "$";
    if (sign === "&") return found[0];
    if (sign === "`") return text.slice(0, found.index);
    if (sign === "'") return text.slice(found.index + found[0].length);
    if (name !== undefined) return found.groups === undefined ? whole : found.groups[name] ?? "";
    return groupOf(found, String(digits)) ?? whole;
  });
}

/** `$12` is the twelfth group, or the first and a `2` where there are fewer. */
function groupOf(found: RegExpExecArray, digits: string): string | undefined {
  const number = Number(digits);
  if (number >= 1 && number < found.length) return found[number] ?? "";
  const first = Number(digits[0]);
  return digits.length > 1 && first >= 1 && first < found.length
    ? `${found[first] ?? ""}${digits[1]}`
    : undefined;
}
