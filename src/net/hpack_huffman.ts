/**
 * HPACK's Huffman code, read bit by bit. It is canonical: the codes of one length are consecutive, in the order of
 * their symbols, so the lengths alone tell all of it.
 * @see https://www.rfc-editor.org/rfc/rfc7541#appendix-B
 */

/** Bits of each symbol's code, from 5 (`A`) to 28 (`X`) and further. */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJB" +
  "KABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS" +
  "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV";
const SHORTEST = 5;
const LONGEST = 30;

/** By length: the first code, the number of codes, and where their symbols begin. */
const FIRST = new Uint32Array(LONGEST + 1);
const COUNT = new Uint32Array(LONGEST + 1);
const START = new Uint32Array(LONGEST + 1);
const SYMBOLS = new Uint8Array(256);

function fillTables(): void {
  const lengths = Array.from(LENGTHS, (letter) => letter.charCodeAt(0) - 65 + SHORTEST);
  for (const length of lengths) COUNT[length] = (COUNT[length] ?? 0) + 1;
  let [code, start] = [0, 0];
  for (let length = SHORTEST; length <= LONGEST; length++) {
    const count = COUNT[length] ?? 0;
    code *= 2;
    FIRST[length] = code;
    START[length] = start;
    code += count;
    start += count;
  }
  const next = START.slice();
  for (const [symbol, length] of lengths.entries()) {
    const at = next[length] ?? 0;
    SYMBOLS[at] = symbol;
    next[length] = at + 1;
  }
}

fillTables();

/**
 * The text that `bytes` stand for, a character a byte; `undefined` when they are no code: what is left over must be
 * less than eight bits, all ones.
 */
export function decodeHuffman(bytes: Uint8Array): string | undefined {
  const decoded: number[] = [];
  let [code, length] = [0, 0];
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + (byte >> bit & 1);
      length++;
      const offset = code - (FIRST[length] ?? 0);
      if (length >= SHORTEST && offset >= 0 && offset < (COUNT[length] ?? 0)) {
        decoded.push(SYMBOLS[(START[length] ?? 0) + offset] ?? 0);
        [code, length] = [0, 0];
      } else if (length >= LONGEST) return undefined;
    }
  }
  if (length > 7 || code !== 2 ** length - 1) return undefined;
  return String.fromCharCode(...decoded);
}
