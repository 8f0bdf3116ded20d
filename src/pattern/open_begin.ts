/** Where a text must not be cut: looks back from a cut for what may go on behind it. */
import type { Program } from "./program.ts";
import type { Text } from "./text.ts";

/**
 * The first place from `from` on whose match, or attempt at one, may look at what stands at `to`; `to` if there is none
 * before, `from` where it would take long to tell. All that begins before that place is the same whatever follows.
 */
export type OpenBegin = (text: Text, from: number, to: number) => number;

/** What a place of the text can be of the program: its instructions that may go on to the cut from there. */
interface Backward {
  readonly live: readonly number[];
  /** Whether a match may begin there. */
  readonly isBegin: boolean;
  /** By the unit before; `undefined`: it is not kept. */
  readonly before: (Backward | undefined)[] | undefined;
}

const TABLE_SIZE = 256;
/** Instructions that are looked at for one cut: 20 to 50 ns each. */
const MAX_LOOKS = 50_000;
/** Numbers that are kept of all that was found out. */
const MAX_KEPT = 65_536;

export function createOpenBegin({ code }: Program): OpenBegin {
  const sources = sourcesOf(code);
  /** By instruction the last turn in which it was come to. */
  const reached = new Int32Array(code.length);
  let turn = 0;
  let looks = 0;
  const known = new Map<string, Backward>();
  let kept = 0;
  const everything = code.flatMap(({ op }, at) => op === "char" ? [at] : []);
  const cut: Backward = { live: everything, isBegin: false, before: [] };

  /** Goes back from `live` over all that takes no character. */
  function* reaching(live: readonly number[]): Generator<number, void> {
    const open = Array.from(live);
    turn++;
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (reached[place] === turn) continue;
      reached[place] = turn;
      looks++;
      yield place;
      for (const source of sources[place] ?? []) if (code[source]?.op !== "char") open.push(source);
    }
  }

  function before({ live }: Backward, unit: number): Backward {
    const next: number[] = [];
    for (const place of reaching(live)) {
      const instruction = code[place - 1];
      if (instruction?.op === "char" && instruction.set.has(unit)) next.push(place - 1);
    }
    next.sort((a, b) => a - b);
    const key = next.join();
    const found = known.get(key);
    if (found !== undefined) return found;
    let isBegin = false;
    for (const place of reaching(next)) isBegin ||= place === 0;
    if (kept >= MAX_KEPT) return { live: next, isBegin, before: undefined };
    const made = { live: next, isBegin, before: [] };
    known.set(key, made);
    kept += next.length + TABLE_SIZE;
    return made;
  }

  return (text, from, to) => {
    let first = to;
    let state = cut;
    looks = 0;
    for (let at = to - 1; at >= from && looks <= MAX_LOOKS; at--) {
      const unit = text.charCodeAt(at);
      let next = unit < TABLE_SIZE ? state.before?.[unit] : undefined;
      if (next === undefined) {
        next = before(state, unit);
        if (unit < TABLE_SIZE && state.before !== undefined && next.before !== undefined) {
          state.before[unit] = next;
        }
      }
      state = next;
      if (state.isBegin) first = at;
      else if (state.live.length === 0) return first;
    }
    return looks > MAX_LOOKS ? from : first;
  };
}

/** By instruction those that go on to it. */
function sourcesOf(code: Program["code"]): readonly (readonly number[])[] {
  const sources: number[][] = code.map(() => []);
  for (const [at, instruction] of code.entries()) {
    if (instruction.op === "split") {
      sources[instruction.first]?.push(at);
      if (instruction.second !== instruction.first) sources[instruction.second]?.push(at);
    } else if (instruction.op === "jump") sources[instruction.to]?.push(at);
    else if (instruction.op !== "match") sources[at + 1]?.push(at);
  }
  return sources;
}
