/** Where the threads of a program wait for a character. */
import type { Program } from "./program.ts";
import type { Assertion } from "./syntax.ts";

/** What stands beside a place of a text. */
export const EDGE = 0;
const LINE_END = 1;
const WORD = 2;
const OTHER = 3;
export type Beside = typeof EDGE | typeof LINE_END | typeof WORD | typeof OTHER;

/** What kind of a neighbour a UTF-16 unit is. */
export function besideOf(unit: number): Beside {
  if (unit > 0x7f) return unit === 0x2028 || unit === 0x2029 ? LINE_END : OTHER;
  if (unit === 0x0a || unit === 0x0d) return LINE_END;
  const isWord = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) || unit === 0x5f;
  return isWord ? WORD : OTHER;
}

/** Stands for the program's end among instructions. */
export const MATCH = -1;

/**
 * Instructions that a thread at `at` goes on to without taking a character, those that wait for one alone, by their
 * rank; {@link MATCH}, behind which there is none, where it has found something.
 */
export type Closures = (at: number, before: Beside, after: Beside) => readonly number[];

/** Numbers that are kept of all lists; a list beyond is made each time. */
const MAX_KEPT = 65_536;
const NEIGHBOURS = 4;

/** Made when they are asked for. */
export function createClosures({ code, looksAround }: Program): Closures {
  const known = new Map<number, readonly number[]>();
  let kept = 0;

  function make(from: number, before: Beside, after: Beside): readonly number[] {
    const list: number[] = [];
    const seen = new Set<number>();
    const listed = new Set<number>();
    // Where to go on, and as bits the depths of rounds in which nothing was taken yet.
    const places: [at: number, empty: number][] = [[from, 0]];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const [at, empty] = place;
      const key = at * 2 ** 21 + empty;
      if (seen.has(key)) continue;
      seen.add(key);
      const instruction = code[at];
      if (instruction === undefined) continue;
      switch (instruction.op) {
        case "char":
          if (!listed.has(at)) list.push(at);
          listed.add(at);
          break;
        case "match":
          list.push(MATCH);
          return list;
        case "jump":
          places.push([instruction.to, empty]);
          break;
        case "split":
          places.push([instruction.second, empty], [instruction.first, empty]);
          break;
        case "assert":
          if (holds(instruction.kind, before, after)) places.push([at + 1, empty]);
          break;
        case "enter":
          places.push([at + 1, empty | (1 << instruction.depth)]);
          break;
        case "leave":
          if ((empty & (1 << instruction.depth)) === 0) places.push([at + 1, empty]);
          break;
      }
    }
    return list;
  }

  return (at, before, after) => {
    const key = looksAround ? (at * NEIGHBOURS + before) * NEIGHBOURS + after : at;
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(at, before, after);
    if (kept + made.length <= MAX_KEPT) {
      known.set(key, made);
      kept += made.length + 1;
    }
    return made;
  };
}

function holds(kind: Assertion, before: Beside, after: Beside): boolean {
  switch (kind) {
    case "textStart":
      return before === EDGE;
    case "textEnd":
      return after === EDGE;
    case "lineStart":
      return before === EDGE || before === LINE_END;
    case "lineEnd":
      return after === EDGE || after === LINE_END;
    case "boundary":
      return (before === WORD) !== (after === WORD);
    case "noBoundary":
      return (before === WORD) === (after === WORD);
  }
}
