/**
 * Lines that cannot be anything but the next part of what was written before: frames of stack traces and what stands
 * between them, as each language prints them line by line.
 */

/** What a log of several lines is in the middle of. */
export type TraceState =
  /** A line, or a trace whose last frame may have been the last. */
  | "line"
  /** Python's traceback, until the error stands there. */
  | "python"
  /** Between two tracebacks of Python's that belong together. */
  | "python chain"
  /** Rust's panic, whose message is the next line. */
  | "rust panic"
  /** Members of an error that Node prints after its stack, until the brace closes. */
  | "node members"
  /** JSON that Ruby prints over several lines, until the brace closes. */
  | "ruby json"
  /** Java's failure: the rest of the message, before the first frame. */
  | "java message";

/**
 * Whether a line is the next part of a log in `state`, and the state then. `maybe`: if the line after it is one of
 * {@link confirms}. `undefined`: it is a log of its own.
 */
export function continuation(text: string, state: TraceState): TraceState | "maybe" | undefined {
  switch (state) {
    case "python":
      return inTraceback(text);
    case "python chain":
      return text === "" || text === TRACEBACK ? (text === "" ? "python chain" : "python") : undefined;
    case "rust panic":
      return "line";
    case "node members":
      return text === "}" ? "line" : isIndented(text) ? "node members" : undefined;
    case "ruby json":
      return text === "}" ? "line" : text === "{" || isIndented(text) ? "ruby json" : undefined;
    case "java message":
      return isFrame(text) ? "line" : "java message";
    case "line":
      return afterLine(text);
  }
}

/** The state that the first line of a log leaves behind. */
export function firstState(text: string): TraceState {
  if (text === TRACEBACK) return "python";
  if (isRubyHead(text)) return "ruby json";
  // `thread 'main' panicked at src/main.rs:5:9:`
  return text.charCodeAt(text.length - 1) === COLON && RUST_PANIC.test(text) ? "rust panic" : "line";
}

/** The line that Ruby writes before an error's JSON. */
export function isRubyHead(text: string): boolean {
  const first = text.charCodeAt(0);
  return (first === UPPER_E || first === UPPER_C || first === UPPER_I) && RUBY_HEAD.test(text);
}

/** Whether a log in this state goes on if nothing is wrong. */
export function isUnfinished(state: TraceState): boolean {
  return state !== "line";
}

/** Whether a line shows that the one before it, which was a `maybe`, is part of the log before. */
export function confirms(maybe: string, text: string): TraceState | undefined {
  if (maybe === "") {
    if (PYTHON_CHAIN.test(text)) return "python chain";
    return GOROUTINE.test(text) || text === TRACEBACK_OF_RUST ? "line" : undefined;
  }
  return GO_PLACE.test(text) && isGoFunction(maybe) ? "line" : undefined;
}

const TRACEBACK = "Traceback (most recent call last):";
const TRACEBACK_OF_RUST = "stack backtrace:";
const RUBY_HEAD =
  /^(?:Error raised from handler method|Critical exception from handler|Init error when loading handler \S{1,200})$/;
const RUST_PANIC = /^thread '[^']{0,80}'(?: \(\d+\))? panicked at [^\n]{1,300}:\d+:\d+:$/;
const PYTHON_CHAIN =
  /^(?:During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):$/;
const GOROUTINE = /^goroutine \d+ \[[^\]]{1,80}\]:$/;
/** A function's name, alone in its line: a part of Go's trace if its place is in the next one. */
const GO_FUNCTION = /^(?:created by )?[\w.\-/*$~]+\.[\w.*$()[\]…{}, \-]+(?: in goroutine \d+)?$/;
const GO_PLACE = /^\t\S[^\n]{0,400}:\d+(?: \+0x[\da-f]+)?$/;

function inTraceback(text: string): TraceState | undefined {
  if (isIndented(text) || text === "") return "python";
  // The error itself, which ends the trace.
  return "line";
}

function afterLine(text: string): TraceState | "maybe" | undefined {
  switch (text.charCodeAt(0)) {
    case TAB:
    case BLANK:
      if (!isFrame(text)) return undefined;
      return text.endsWith(" {") ? "node members" : "line";
    case HASH:
      return PHP_FRAME.test(text) ? "line" : undefined;
    default:
      if (text === "") return "maybe";
      if (WORDS.has(text.charCodeAt(0)) && MIDDLE.test(text)) return "line";
      return isGoFunction(text) ? "maybe" : undefined;
  }
}

/** Longer lines are not looked at: the pattern's time grows with their square. */
function isGoFunction(text: string): boolean {
  return text.length < 400 && GO_FUNCTION.test(text);
}

/** Frames of Java, .NET, JavaScript, Python, Ruby, Rust, PHP and Go, and what stands between them. */
const FRAME =
  /^(?:\s+at \S|\s+\.\.\. \d+ (?:more|common frames omitted)|\s+Suppressed: |\s+Caused by: |\s+File "[^"]{1,400}", line \d+|\s+from \S+:\d+(?::in |$)|\s*--- End of (?:inner exception )?stack trace| ---> \S|\s+\d+: +(?:0x[\da-f]+ - |[\w<]\S*(?:::|$))|\s+thrown in \S+ on line \d+)/;
const PHP_FRAME = /^#\d+ (?:\S+\(\d+\): |\{main\}|\[internal function\]: )/;
/** Lines in the middle of a trace that begin at the left margin. */
const MIDDLE =
  /^(?:Caused by: \S|Stack trace:$|stack backtrace:$|note: (?:run with `RUST_BACKTRACE|Some details are omitted)|\[signal [A-Z]|Caused by:$|Stack backtrace:$|Location:$)/;
const WORDS: ReadonlySet<number> = new Set(
  ["C", "S", "s", "n", "[", "L"].map((letter) => letter.charCodeAt(0)),
);

function isFrame(text: string): boolean {
  return FRAME.test(text) || GO_PLACE.test(text);
}

function isIndented(text: string): boolean {
  const unit = text.charCodeAt(0);
  return unit === BLANK || unit === TAB;
}

const UPPER_C = 0x43;
const UPPER_E = 0x45;
const UPPER_I = 0x49;
const TAB = 0x09;
const BLANK = 0x20;
const HASH = 0x23;
const COLON = 0x3a;
