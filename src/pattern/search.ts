/**
 * A search that can be interrupted anywhere and takes a time that grows with the text alone: the threads of a program,
 * the one that V8 would try first in front, each with the place where it began.
 * @see https://swtch.com/~rsc/regexp/regexp2.html
 */
import { type Beside, besideOf, createClosures, EDGE, MATCH } from "./closure.ts";
import type { Program } from "./program.ts";
import type { Text } from "./text.ts";

/** What a search came to. */
export type SearchResult =
  /** The first match, as V8 finds it. */
  | { readonly is: "found"; readonly from: number; readonly to: number }
  /** None begins before `at`. */
  | { readonly is: "none"; readonly at: number }
  /** There was no work left: a match may begin at `from`, none does before. */
  | { readonly is: "spent"; readonly from: number };

/** Work that may still be done, in threads moved by a character: 20 to 60 ns each. */
export interface WorkBudget {
  left: number;
  /** Done since the last pause. */
  done: number;
}

/**
 * Searches `text` from `from` on. `isBrief`: only until no match can begin before the place that was come to. Yields
 * after each millisecond or less.
 */
export type Search = (
  text: Text,
  from: number,
  budget: WorkBudget,
  isBrief: boolean,
) => Generator<undefined, SearchResult>;

/** Work between two looks at the clock. */
const STEP = 8_192;
/** What beginning a search costs. */
const BEGIN_WORK = 8;
const TABLE_SIZE = 256;

export function createSearch(program: Program): Search {
  const { code, looksAround } = program;
  const closures = createClosures(program);
  const beginners = beginnersOf(program);
  /** Threads of this character and the next: their instructions and where they began. */
  let threads = new Int32Array(code.length);
  let begins = new Int32Array(code.length);
  let nextThreads = new Int32Array(code.length);
  let nextBegins = new Int32Array(code.length);
  /** By instruction the last turn that it was listed in. */
  const listed = new Int32Array(code.length);
  let turn = 0;
  let isBusy = false;

  return function* search(text, from, budget, isBrief): ReturnType<Search> {
    // Of two searches that take turns the second one has threads of its own.
    if (isBusy) return yield* createSearch(program)(text, from, budget, isBrief);
    isBusy = true;
    try {
      return yield* searchFrom(text, from, budget, isBrief);
    } finally {
      isBusy = false;
    }
  };

  function* searchFrom(
    text: Text,
    from: number,
    budget: WorkBudget,
    isBrief: boolean,
  ): Generator<undefined, SearchResult> {
    let count = 0;
    let matchFrom = -1;
    let matchTo = -1;
    let at = from;
    let before = beside(text, at - 1);
    budget.done += BEGIN_WORK;
    for (;;) {
      if (count === 0) {
        if (matchFrom >= 0) return { is: "found", from: matchFrom, to: matchTo };
        if (isBrief && at > from) return { is: "none", at };
        const begin = nextBegin(text, at, Math.min(text.length, at + STEP));
        budget.done += (begin - at) >> 3;
        if (begin > at) {
          at = begin;
          before = beside(text, at - 1);
        }
      }
      const after = beside(text, at);
      if (matchFrom < 0) {
        // Behind those that began before.
        const first = count === 0 ? ++turn : turn;
        for (const thread of closures(0, before, after)) {
          if (thread === MATCH) {
            matchFrom = at;
            matchTo = at;
            break;
          }
          if (listed[thread] === first) continue;
          listed[thread] = first;
          threads[count] = thread;
          begins[count++] = at;
        }
      }
      budget.done += count + 1;
      if (budget.done > STEP) {
        budget.left -= budget.done;
        budget.done = 0;
        if (budget.left < 0) {
          return { is: "spent", from: firstBegin(count, matchFrom < 0 ? at : matchFrom) };
        }
        yield;
      }
      if (at >= text.length) {
        return matchFrom < 0 ? { is: "none", at } : { is: "found", from: matchFrom, to: matchTo };
      }
      const unit = text.charCodeAt(at);
      const beyond = beside(text, at + 1);
      let next = 0;
      turn++;
      moving: for (let i = 0; i < count; i++) {
        const thread = threads[i] ?? 0;
        const instruction = code[thread];
        if (instruction?.op !== "char" || !instruction.set.has(unit)) continue;
        const begin = begins[i] ?? 0;
        for (const target of closures(thread + 1, after, beyond)) {
          if (target === MATCH) {
            matchFrom = begin;
            matchTo = at + 1;
            // Those behind it would be tried later.
            break moving;
          }
          if (listed[target] === turn) continue;
          listed[target] = turn;
          nextThreads[next] = target;
          nextBegins[next++] = begin;
        }
      }
      [threads, nextThreads] = [nextThreads, threads];
      [begins, nextBegins] = [nextBegins, begins];
      count = next;
      before = after;
      at++;
    }
  }

  function firstBegin(count: number, atMost: number): number {
    return begins.subarray(0, count).reduce((first, begin) => Math.min(first, begin), atMost);
  }

  function beside(text: Text, at: number): Beside {
    return looksAround && at >= 0 && at < text.length ? besideOf(text.charCodeAt(at)) : EDGE;
  }

  /** The first place from `at` on where a match may begin, at most `end`. */
  function nextBegin(text: Text, at: number, end: number): number {
    if (beginners === undefined) return at;
    let next = at;
    for (; next < end; next++) {
      const unit = text.charCodeAt(next);
      if (unit >= TABLE_SIZE || beginners[unit] === 1) break;
    }
    return next;
  }
}

/** The characters that a match may begin with; `undefined`: it may be empty. */
function beginnersOf(program: Program): Uint8Array | undefined {
  const { code } = program;
  const table = new Uint8Array(TABLE_SIZE);
  const open = [0];
  const seen = new Set<number>();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const instruction = code[at];
    if (instruction === undefined || instruction.op === "match") return undefined;
    if (instruction.op === "char") {
      for (let unit = 0; unit < TABLE_SIZE; unit++) if (instruction.set.has(unit)) table[unit] = 1;
    } else if (instruction.op === "split") open.push(instruction.first, instruction.second);
    else open.push(instruction.op === "jump" ? instruction.to : at + 1);
  }
  return table;
}
