/** Our own expressions on texts of megabytes: in windows, with the same result as on the whole text. */
import type { Steps } from "../bounded_pattern.ts";
import { findCharacter, type Text, TextBuilder } from "../pattern/text.ts";

/** An expression that is looked for in windows, and what stands in place of what it finds. */
export interface WindowForm {
  /** Global; never finds the empty text, and looks at most one character behind. */
  readonly regexp: RegExp;
  /** A text in which `$1` stands for the first group, or what makes one of what was found. */
  readonly replacement: string | ((found: string) => string);
  /** An attempt finds something, or nothing, within so many UTF-16 units; a match may go on as far as it does. */
  readonly reach: number;
  /** Sticky: what a match may look at behind its end. @default one unit */
  readonly behind?: RegExp;
  /**
   * Goes on with a match that fills a window, alone or with what it may look at behind its `end`, so that it need not be
   * looked at as a whole. `by`: what stands in its place; `undefined`: it stays. @default there are none, or it is looked
   * at as a whole
   */
  readonly runOn?: RunOn;
}

/** `found` ends at `end`. */
export type RunOn = (text: Text, found: RegExpExecArray, end: number) => Steps<LongMatch>;

/** The end of a long match, and what stands in its place. */
export interface LongMatch {
  readonly to: number;
  readonly by: string | undefined;
}

/** A window's length in UTF-16 units, without what is only looked at. */
export const WINDOW = 32_768;
const NOTHING = /(?:)/y;

/** `text` with all that the form finds replaced; the very same text if it finds nothing. `window`: for tests. */
export function* replaceForm(text: Text, form: WindowForm, window: number = WINDOW): Steps<Text> {
  const { regexp, replacement, reach, behind = NOTHING, runOn } = form;
  if (text.length <= window + reach) return replaceAtOnce(String(text), form);
  const replaced = new TextBuilder();
  let done = 0;
  let at = 0;
  let size = window + reach;
  for (;;) {
    const from = at;
    const start = Math.max(0, from - 1);
    const seen = text.slice(start, from + size);
    const end = start + seen.length;
    const isLast = end === text.length;
    // What begins before is the same whatever follows.
    let limit = isLast ? end : end - reach;
    let firstAt: number | undefined;
    let filling: RegExpExecArray | undefined;
    let part = "";
    regexp.lastIndex = from - start;
    for (let found = regexp.exec(seen); found !== null; found = regexp.exec(seen)) {
      const foundAt = start + found.index;
      const foundTo = foundAt + found[0].length;
      if (foundAt >= limit) break;
      behind.lastIndex = foundTo - start;
      behind.test(seen);
      if (behind.lastIndex === seen.length && !isLast) {
        limit = foundAt;
        if (foundAt === from) filling = found;
        break;
      }
      if (firstAt === undefined) firstAt = foundAt;
      else part += text.slice(at, foundAt);
      part += replacementOf(replacement, found);
      at = foundTo;
    }
    if (firstAt !== undefined) {
      yield* replaced.copy(text, done, firstAt);
      replaced.add(part);
      done = at;
    }
    if (isLast) {
      if (done === 0) return text;
      yield* replaced.copy(text, done, text.length);
      return replaced.end();
    }
    at = Math.max(at, limit);
    if (filling !== undefined && runOn !== undefined) {
      yield;
      const { to, by } = yield* runOn(text, filling, from + filling[0].length);
      if (by !== undefined) {
        yield* replaced.copy(text, done, from);
        replaced.add(by);
        done = to;
      }
      at = to;
      size = window + reach;
      continue;
    }
    // Another one that fills the window is looked at as a whole.
    size = at === from ? size * 2 : window + reach;
    yield;
  }
}

/** For a form whose match ends with as many characters as there are of one kind: `other` finds one of another. */
export function runningTo(other: (found: string) => RegExp, replacement: string): RunOn {
  return function* (text, found, end): Steps<LongMatch> {
    const to = yield* findCharacter(text, other(found[0]), end);
    return { to, by: replacementOf(replacement, found) };
  };
}

/** The same at once, for a short text. */
export function replaceAtOnce(text: string, { regexp, replacement }: WindowForm): string {
  return typeof replacement === "string"
    ? text.replace(regexp, replacement)
    : text.replace(regexp, (found) => replacement(found));
}

export function replacementOf(replacement: WindowForm["replacement"], found: RegExpExecArray): string {
  return typeof replacement === "string"
    ? replacement.replace("$1", () => found[1] ?? "")
    : replacement(found[0]);
}

/** A longer text is masked in steps; in UTF-16 units. */
const LONG = 8_192;

/** Whether a text is worth steps. */
export function isLong(text: Text): boolean {
  return text.length > LONG;
}
