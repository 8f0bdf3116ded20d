/** Colours and other terminal codes in text, which mean nothing to anyone who reads it elsewhere. */

const ESCAPE = "\u001b";
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const BELL = 0x07;
const ESCAPE_CODE = 0x1b;

/**
 * The text without ANSI escape sequences: control sequences (`ESC [ … letter`), operating system commands (links), and
 * the short ones of two characters. Nothing else is taken out.
 * @see https://www.ecma-international.org/publications-and-standards/standards/ecma-48/
 */
export function stripAnsi(text: string): string {
  let from = text.indexOf(ESCAPE);
  if (from < 0) return text;
  let made = "";
  let copied = 0;
  while (from >= 0) {
    made += text.slice(copied, from);
    copied = endOfSequence(text, from);
    from = text.indexOf(ESCAPE, copied);
  }
  return made + text.slice(copied);
}

/** Index after the sequence that begins at `start`. */
function endOfSequence(text: string, start: number): number {
  const kind = text.charCodeAt(start + 1);
  if (kind === OPEN_BRACKET) {
    let at = start + 2;
    // Parameters and intermediates; the first byte beyond them ends it.
    while (at < text.length && text.charCodeAt(at) >= 0x20 && text.charCodeAt(at) < 0x40) at++;
    return Math.min(text.length, at + 1);
  }
  if (kind === CLOSE_BRACKET) {
    for (let at = start + 2; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === BELL) return at + 1;
      if (unit === ESCAPE_CODE) return Math.min(text.length, at + 2);
    }
    return text.length;
  }
  return Math.min(text.length, start + (kind >= 0x30 && kind < 0x7f ? 2 : 1));
}
