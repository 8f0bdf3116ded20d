/**
 * Reads the regular expressions that `linearRegExp` takes: characters, classes, groups, alternatives, repetitions and
 * the assertions that look at one character on either side. What a group captures is of no interest here.
 */

/** A part of an expression. */
export type Node =
  | { readonly type: "char"; readonly source: string; readonly modes: string }
  | { readonly type: "assertion"; readonly kind: Assertion }
  | { readonly type: "sequence" | "alternatives"; readonly parts: readonly Node[] }
  | {
    readonly type: "repetition";
    readonly part: Node;
    readonly min: number;
    readonly max: number;
    readonly isLazy: boolean;
  };

/** `^` and `$` of the text or of a line; `\b` and `\B`. */
export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "boundary" | "noBoundary";

/** An escape, or a class up to the first bracket that is not escaped. */
const ESCAPE = /\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|c[A-Za-z]|[0-3][0-7]{0,2}|[^])/y;
const CLASS = /\[(?:\\[^]|[^\]\\])*\]/y;
const GROUP = /\((?:\?(?:<[^>]*>|([a-z]*)(?:-([a-z]*))?:))?/y;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y;
const LOOK = /\(\?<?[=!]/y;

/** The parts of `source`; `undefined`: it has some that none of these is. */
export function readSyntax(source: string): Node | undefined {
  let at = 0;

  function take(regexp: RegExp): RegExpExecArray | undefined {
    regexp.lastIndex = at;
    const found = regexp.exec(source) ?? undefined;
    at += found?.[0].length ?? 0;
    return found;
  }

  function alternatives(modes: string): Node {
    const parts = [sequence(modes)];
    while (source[at] === "|") {
      at++;
      parts.push(sequence(modes));
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { type: "alternatives", parts };
  }

  function sequence(modes: string): Node {
    const parts: Node[] = [];
    while (at < source.length && source[at] !== ")" && source[at] !== "|") {
      const part = term(modes);
      const found = take(QUANTIFIER);
      parts.push(found === undefined ? part : repetition(part, found));
    }
    return { type: "sequence", parts };
  }

  function term(modes: string): Node {
    const char = source[at] ?? "";
    if (char === "(") return group(modes);
    const rest = source.slice(at, at + 2);
    const kind = assertionOf(char === "\\" ? rest : char, modes.includes("m"));
    if (kind !== undefined) {
      at += char === "\\" ? 2 : 1;
      return { type: "assertion", kind };
    }
    const found = char === "\\" ? take(ESCAPE) : char === "[" ? take(CLASS) : undefined;
    if (found === undefined) at++;
    return { type: "char", source: found?.[0] ?? char, modes };
  }

  function group(modes: string): Node {
    if (take(LOOK) !== undefined) throw new Unknown();
    const [, on = "", off = ""] = take(GROUP) ?? [];
    const inner = alternatives(changed(modes, on, off));
    at++;
    return inner;
  }

  try {
    return alternatives("");
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** A part that looks further than one character. */
class Unknown extends Error {}

function assertionOf(sign: string, isMultiline: boolean): Assertion | undefined {
  if (sign === "^") return isMultiline ? "lineStart" : "textStart";
  if (sign === "$") return isMultiline ? "lineEnd" : "textEnd";
  return sign === "\\b" ? "boundary" : sign === "\\B" ? "noBoundary" : undefined;
}

/** Of the modes only `m` and `s`. */
function changed(modes: string, on: string, off: string): string {
  return Array.from("ms").filter((mode) => on.includes(mode) || modes.includes(mode) && !off.includes(mode))
    .join("");
}

function repetition(part: Node, [, sign, fewest = "", comma, most = "", lazy]: RegExpExecArray): Node {
  const isLazy = lazy === "?";
  if (sign !== undefined) {
    return { type: "repetition", part, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Infinity, isLazy };
  }
  const min = Number(fewest);
  const max = comma === "" ? min : most === "" ? Infinity : Number(most);
  return { type: "repetition", part, min, max, isLazy };
}

/** Whether it may find the empty text. */
export function findsEmpty(node: Node): boolean {
  switch (node.type) {
    case "char":
      return false;
    case "assertion":
      return true;
    case "sequence":
      return node.parts.every(findsEmpty);
    case "alternatives":
      return node.parts.some(findsEmpty);
    case "repetition":
      return node.min === 0 || findsEmpty(node.part);
  }
}
