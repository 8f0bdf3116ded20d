/**
 * Users' patterns on texts of any length and kind: what is found is what V8 finds, in a time that grows with the text
 * alone, and in steps, between which everything else runs.
 *
 * V8's usual engine is quick, but a search that finds nothing may take a time that grows with the square of the text,
 * which its limit of backtracks does not see: `[a-z]+@` takes half a minute for 256 KB of base64. Its engine of linear
 * time cannot be interrupted, and takes seconds where a pattern is long. So long texts are searched in windows, each up to
 * where the pattern may look beyond it; what a window cannot tell, and what takes V8 long, a search of our own does.
 * @see https://v8.dev/blog/non-backtracking-regexp
 */
import { createOpenBegin, type OpenBegin } from "./pattern/open_begin.ts";
import { compileProgram } from "./pattern/program.ts";
import { createSearch, type Search, type WorkBudget } from "./pattern/search.ts";
import { type Text, TextBuilder } from "./pattern/text.ts";

/** A pattern that no text can hold up for long. */
export interface BoundedPattern {
  /** Whether it is found; what there is no time for has none. */
  test(text: string): boolean;
  /** The same in steps of some milliseconds at most. */
  testSteps(text: string): Steps<boolean>;
  /** Replaces all that is found, as `String.replace` does. What there is no time for is replaced as a whole. */
  replaceAll(text: string, replacement: string): string;
  /** The same in steps; of a string a string, unless that would be too long. */
  replaceSteps(text: Text, replacement: string): Steps<Text>;
}

/** Work in steps of some milliseconds at most. */
export type Steps<T> = Generator<undefined, T>;

/** Does all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Longer texts are searched in windows of so many UTF-16 units; the square of it takes some 3 ms. */
const WINDOW = 2_048;
/** V8 may take so long for a window, in ms, and for each match in it; a usual one takes 5 to 40 µs. */
const SLOW_WINDOW_MS = 0.2;
const SLOW_MATCH_MS = 0.002;
/** After a slow window our own search does so many. */
const OWN_WINDOWS = 32;
/** V8's linear engine takes some 8 ns for each instruction and unit: no more than this at once. */
const MAX_LINEAR_WORK = 1_000_000;
/** Counts that are not written out repeat at most so often. */
const MAX_REPEATED = 16;
/** Work for one text, in threads moved by a unit, and what each unit adds to it: most patterns have one or two. */
const WORK = 4_000_000;
const WORK_PER_UNIT = 4;
/** Shorter texts are not worth a look at the clock. */
const SHORT = 128;
/** A pattern that takes V8 so long for a text of at most one window is searched with care from then on. */
const HEAVY_MS = 3;
/** Groups of a longer match are empty: to tell them V8 takes it as a whole. */
const MAX_GROUPED = 65_536;

/** Something found; `groups` is told by the window, or can be asked of V8. */
interface Found {
  readonly from: number;
  readonly to: number;
  readonly match?: RegExpExecArray;
}

/** Parts that long texts need, made for the first one. */
interface LongSearch {
  readonly search: Search;
  readonly openBegin: OpenBegin;
  readonly size: number;
}

/** `pattern`: without flags, of those that `linearRegExp` takes. `workFor`: what may be done for a text of a length. */
export function createBoundedPattern(
  pattern: RegExp,
  workFor: (length: number) => number = (length) => WORK + length * WORK_PER_UNIT,
): BoundedPattern {
  const once = new RegExp(pattern.source);
  const all = new RegExp(pattern.source, "g");
  const sticky = new RegExp(pattern.source, "y");
  let long: LongSearch | undefined | "unknown" = "unknown";
  let isHeavy = false;

  function longSearch(): LongSearch | undefined {
    if (long === "unknown") {
      const program = compileProgram(pattern.source);
      long = program && {
        search: createSearch(program),
        openBegin: createOpenBegin(program),
        size: program.code.length,
      };
    }
    return long;
  }

  /** What the text needs; `undefined`: V8 alone can do it. */
  function neededFor({ length }: Text): LongSearch | undefined {
    if (length <= SHORT && pattern.source.length <= SHORT) return undefined;
    const mayDo = length <= WINDOW && !isHeavy;
    if (mayDo && length * pattern.source.length * MAX_REPEATED <= MAX_LINEAR_WORK) return undefined;
    const made = longSearch();
    return made === undefined || mayDo && length * made.size <= MAX_LINEAR_WORK ? undefined : made;
  }

  /** By V8 alone, which is watched, with the clock that costs least: it is looked at for each line. */
  function testAtOnce(text: string): boolean {
    if (text.length <= SHORT) return once.test(text);
    const startedAt = Date.now();
    const isFound = once.test(text);
    isHeavy ||= Date.now() - startedAt > HEAVY_MS;
    return isFound;
  }

  function replaceAtOnce(text: string, replacement: string): string {
    if (text.length <= SHORT) return text.replace(all, replacement);
    const startedAt = Date.now();
    const replaced = text.replace(all, replacement);
    isHeavy ||= Date.now() - startedAt > HEAVY_MS;
    return replaced;
  }

  function groupsOf(text: Text, { from, to, match }: Found): RegExpExecArray | undefined {
    if (match !== undefined || to - from > MAX_GROUPED) return match;
    const start = Math.max(0, from - 1);
    sticky.lastIndex = from - start;
    const found = sticky.exec(text.slice(start, to + 1));
    return found?.[0].length === to - from ? found : undefined;
  }

  function* testSteps(text: string): Steps<boolean> {
    const needed = neededFor(text);
    if (needed === undefined) return testAtOnce(text);
    const finds = findAll(text, all, needed, workFor(text.length));
    for (let step = finds.next();; step = finds.next()) {
      if (step.done === true) return false;
      if (step.value !== undefined) return true;
      yield;
    }
  }

  function* replaceSteps(text: Text, replacement: string): Steps<Text> {
    const needed = neededFor(text);
    if (needed === undefined) return replaceAtOnce(String(text), replacement);
    const replaced = new TextBuilder();
    let done = 0;
    let hasFound = false;
    const finds = findAll(text, all, needed, workFor(text.length));
    for (let step = finds.next();; step = finds.next()) {
      if (step.done === true) {
        const { spentFrom } = step.value;
        if (spentFrom === undefined && !hasFound) return text;
        const from = Math.max(done, spentFrom ?? text.length);
        yield* replaced.copy(text, done, from);
        if (spentFrom !== undefined) {
          replaced.add(expand(replacement, { from, to: text.length }, undefined, text));
        }
        return replaced.end();
      }
      const found = step.value;
      if (found === undefined) {
        yield;
        continue;
      }
      hasFound = true;
      const groups = replacement.includes("$") ? groupsOf(text, found) : undefined;
      if (!replaced.addFrom(text, done, found.from)) yield* replaced.copy(text, done, found.from);
      replaced.add(expand(replacement, found, groups, text));
      done = found.to;
    }
  }

  return {
    test: (text) => neededFor(text) === undefined ? testAtOnce(text) : finish(testSteps(text)),
    testSteps,
    replaceAll: (text, replacement) =>
      neededFor(text) === undefined
        ? replaceAtOnce(text, replacement)
        : String(finish(replaceSteps(text, replacement))),
    replaceSteps,
  };
}

/** As much of a text, in UTF-16 units, and as much work as some 10 ms have time for. */
export const MAX_TESTED = 1_048_576;
const WORK_AT_ONCE = 200_000;

/**
 * An expression whose `test` keeps nobody waiting: it sees the first 1 Mi units of a text, and what there is no time for
 * has none.
 */
export class BoundedRegExp extends RegExp {
  readonly #bounded: BoundedPattern;

  constructor(source: string) {
    super(source);
    this.#bounded = createBoundedPattern(this, () => WORK_AT_ONCE);
  }

  override test(text: string): boolean {
    return this.#bounded.test(text.length > MAX_TESTED ? text.slice(0, MAX_TESTED) : text);
  }

  /** The same in steps. */
  testSteps(text: string): Steps<boolean> {
    return this.#bounded.testSteps(text.length > MAX_TESTED ? text.slice(0, MAX_TESTED) : text);
  }
}

/** Finds all matches, as a global expression does; `spentFrom`: there was no work left for what begins there. */
function* findAll(
  text: Text,
  all: RegExp,
  { search, openBegin, size }: LongSearch,
  work: number,
): Generator<Found | undefined, { readonly spentFrom?: number }> {
  const budget: WorkBudget = { left: work, done: 0 };
  const window = Math.min(WINDOW, Math.floor(MAX_LINEAR_WORK / size));
  /** Where V8 may be tried again. */
  let ownUntil = 0;
  let at = 0;
  while (at <= text.length) {
    const end = Math.min(text.length, at + window);
    const open = at < ownUntil ? at : end === text.length ? end + 1 : openBegin(text, at, end);
    if (open > at) {
      const startedAt = performance.now();
      let matches = 1;
      let isSlow = false;
      let next = open;
      for (const found of findInWindow(text, all, at, end)) {
        isSlow = performance.now() - startedAt > SLOW_WINDOW_MS + matches++ * SLOW_MATCH_MS;
        if (found.from >= open) break;
        yield found;
        at = found.to + (found.to === found.from ? 1 : 0);
        next = isSlow ? at : Math.max(at, open);
        if (isSlow) break;
      }
      at = next;
      isSlow ||= performance.now() - startedAt > SLOW_WINDOW_MS + matches * SLOW_MATCH_MS;
      if (isSlow) ownUntil = at + OWN_WINDOWS * WINDOW;
      yield;
      continue;
    }
    const result = yield* search(text, at, budget, at >= ownUntil);
    if (result.is === "spent") return { spentFrom: result.from };
    if (result.is === "none") {
      if (result.at >= text.length) return {};
      at = result.at;
    } else {
      yield { from: result.from, to: result.to };
      at = result.to + (result.from === result.to ? 1 : 0);
    }
  }
  return {};
}

/** What V8 finds from `at` on in a text that ends behind the character at `end`. */
function* findInWindow(text: Text, all: RegExp, at: number, end: number): Generator<Found, void> {
  const start = Math.max(0, at - 1);
  const seen = text.slice(start, end + 1);
  all.lastIndex = at - start;
  for (let match = all.exec(seen); match !== null; match = all.exec(seen)) {
    const from = start + match.index;
    const to = from + match[0].length;
    const next = to - start + (to === from ? 1 : 0);
    yield { from, to, match };
    all.lastIndex = next;
  }
}

/** What a replacement stands for: `$$`, `$&`, `` $` ``, `$'`, `$1`, `$<name>`. */
function expand(
  replacement: string,
  { from, to }: Found,
  groups: RegExpExecArray | undefined,
  text: Text,
): string {
  if (!replacement.includes("$")) return replacement;
  return replacement.replace(/\$(?:([$&`'])|(\d{1,2})|<([^>]*)>)/g, (whole, sign, digits, name) => {
    if (sign === "$") return "$";
    // Without groups nothing of the match is to be told.
    if (sign === "&") return groups === undefined ? "" : text.slice(from, to);
    if (sign === "`") return text.slice(0, from);
    if (sign === "'") return text.slice(to);
    if (groups === undefined) return "";
    if (name !== undefined) return groups.groups === undefined ? whole : groups.groups[name] ?? "";
    return groupOf(groups, String(digits)) ?? whole;
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
