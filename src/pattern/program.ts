/** Regular expressions as programs of a machine whose threads go through a text side by side, a character at a time. */
import { type CharSet, createCharSet } from "./char_set.ts";
import { type Assertion, findsEmpty, type Node, readSyntax } from "./syntax.ts";

/** One instruction; where nothing else is said the next one follows. */
export type Instruction =
  | { readonly op: "char"; readonly set: CharSet }
  | { readonly op: "assert"; readonly kind: Assertion }
  /** Goes on at both, at `first` rather. */
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  /** A round of a repetition begins, and ends: one that took nothing is none. Rounds within rounds have other depths. */
  | { readonly op: "enter" | "leave"; readonly depth: number }
  | { readonly op: "match" };

export interface Program {
  readonly code: readonly Instruction[];
  /** Whether it looks at what stands beside a place. */
  readonly looksAround: boolean;
}

/** Instructions of a program. */
const MAX_LENGTH = 65_536;
/** Depth of repetitions of what may be empty. */
const MAX_DEPTH = 20;

/** The program of an expression without flags; `undefined`: it has parts that such a machine does not know. */
export function compileProgram(source: string): Program | undefined {
  const syntax = readSyntax(source);
  if (syntax === undefined) return undefined;
  const code: Instruction[] = [];
  const sets = new Map<string, CharSet>();
  let looksAround = false;
  let depth = 0;

  function setOf(text: string, modes: string): CharSet {
    const key = `${modes}:${text}`;
    let set = sets.get(key);
    if (set === undefined) sets.set(key, set = createCharSet(text, modes));
    return set;
  }

  /** `false`: it is too long, or too deep. */
  function emit(node: Node): boolean {
    if (code.length > MAX_LENGTH) return false;
    switch (node.type) {
      case "char":
        code.push({ op: "char", set: setOf(node.source, node.modes) });
        return true;
      case "assertion":
        looksAround = true;
        code.push({ op: "assert", kind: node.kind });
        return true;
      case "sequence":
        return node.parts.every(emit);
      case "alternatives":
        return emitAlternatives(node.parts);
      case "repetition":
        for (let n = 0; n < node.min; n++) if (!emit(node.part)) return false;
        return node.max === Infinity
          ? emitRound(node.part, node.isLazy, true)
          : emitOptional(node.part, node.max - node.min, node.isLazy);
    }
  }

  function emitAlternatives(parts: readonly Node[]): boolean {
    const ends: { to: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        if (!emit(part)) return false;
        break;
      }
      const split = { op: "split" as const, first: code.length + 1, second: 0 };
      code.push(split);
      if (!emit(part)) return false;
      const jump = { op: "jump" as const, to: 0 };
      code.push(jump);
      ends.push(jump);
      split.second = code.length;
    }
    for (const end of ends) end.to = code.length;
    return true;
  }

  /** Up to `times` rounds, one within the other. */
  function emitOptional(part: Node, times: number, isLazy: boolean): boolean {
    const splits: (() => void)[] = [];
    for (let n = 0; n < times; n++) {
      splits.push(openSplit(isLazy));
      if (!emitBody(part)) return false;
    }
    for (const close of splits) close();
    return true;
  }

  function emitRound(part: Node, isLazy: boolean, isRepeated: boolean): boolean {
    const at = code.length;
    const close = openSplit(isLazy);
    if (!emitBody(part)) return false;
    if (isRepeated) code.push({ op: "jump", to: at });
    close();
    return true;
  }

  /** A split between what comes next and what comes when it is closed. */
  function openSplit(isLazy: boolean): () => void {
    const split = { op: "split" as const, first: code.length + 1, second: code.length + 1 };
    code.push(split);
    return () => {
      if (isLazy) split.first = code.length;
      else split.second = code.length;
    };
  }

  function emitBody(part: Node): boolean {
    if (!findsEmpty(part)) return emit(part);
    if (depth >= MAX_DEPTH) return false;
    const own = depth++;
    code.push({ op: "enter", depth: own });
    const isDone = emit(part);
    depth--;
    code.push({ op: "leave", depth: own });
    return isDone;
  }

  if (!emit(syntax)) return undefined;
  code.push({ op: "match" });
  return { code, looksAround };
}
