/**
 * Reads settings from environment variables: each read names its variable, default and meaning once, and the
 * table in `src/config/README.md` and the checks come from the same list. A bad value never throws: it is a problem,
 * reported with the value used instead.
 */

import { createRedactor, secretsIn } from "../secrets.ts";

/** The environment as it was at start. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting, as documented. */
export interface Setting {
  readonly name: string;
  readonly kind: string;
  /** The default as a user would write it; empty when there is none. */
  readonly default: string;
  readonly description: string;
  /** Its value is not to be shown. */
  readonly isSecret: boolean;
}

/** A value that could not be used. `used` is what runs instead. Never holds the rejected value of a secret. */
export interface SettingProblem {
  readonly name: string;
  readonly message: string;
  readonly used: string;
}

interface Described<T> {
  readonly default: T;
  readonly description: string;
}

interface Ranged extends Described<number> {
  readonly min?: number;
  readonly max?: number;
  /** 0 is taken, too, whatever the least is: it stands for a default of its own. */
  readonly orZero?: boolean;
}

/** Typed access to the environment; see each method for the forms it takes. */
export interface SettingReader {
  /** Any non-empty text. */
  text(name: string, options: Described<string>): string;
  /** Text that must never be shown: it appears neither in problems nor in defaults. */
  secret(name: string, options: { readonly description: string }): string;
  /** `true/false`, `1/0`, `yes/no`, `on/off`, any case. */
  boolean(name: string, options: Described<boolean>): boolean;
  /** A whole number. */
  integer(name: string, options: Ranged): number;
  /** A number. */
  decimal(name: string, options: Ranged): number;
  /** A duration: Go's form (`30s`, `1m30s`, `250ms`), or a bare number of seconds. In ms. */
  durationMs(name: string, options: Ranged): number;
  /** A size: bytes, or with `KiB`, `MiB`, `GiB` (also `k`, `m`, `g`). In bytes. */
  bytes(name: string, options: Ranged): number;
  /** One of `choices`, any case. `aliases` maps other spellings to a choice. */
  choice<T extends string>(
    name: string,
    choices: readonly T[],
    options: Described<T> & { readonly aliases?: Readonly<Record<string, T>> },
  ): T;
  /** Comma- or space-separated words, or a JSON list of strings. */
  list(name: string, options: Described<readonly string[]>): readonly string[];
  /** `k=v,k=v`, or a JSON object of strings. A pair without a key or a value is a problem of its own. */
  pairs(name: string, options: { readonly description: string }): ReadonlyMap<string, string>;
  /** Records a problem found by the caller, e.g. in the inner form of a text. */
  problem(problem: SettingProblem): void;
  /** A value as problems quote it: without any secret that was pasted into it, and not longer than a line. */
  quote(text: string): string;
  /** Everything read so far, in order. */
  readonly settings: readonly Setting[];
  readonly problems: readonly SettingProblem[];
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
};
const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["t", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["f", false],
  ["no", false],
  ["off", false],
]);

/** A reader over one environment. Reading the same name twice documents it once. */
export function createSettingReader(env: Environment): SettingReader {
  const settings: Setting[] = [];
  const problems: SettingProblem[] = [];

  let redactor: ((text: string) => string) | undefined;

  /** Made when there is something to say: a start waits for the few settings of its own. */
  function redact(text: string): string {
    redactor ??= createRedactor(secretsIn(env));
    return redactor(text);
  }

  // Redacted first: half a secret is known by no pattern.
  const quote = (text: string): string => JSON.stringify(clip(redact(text)));

  function raw(
    name: string,
    kind: string,
    shownDefault: string,
    description: string,
    isSecret = false,
  ): string | undefined {
    if (!settings.some((s) => s.name === name)) {
      settings.push({ name, kind, default: shownDefault, description, isSecret });
    }
    const value = env[name]?.trim();
    return value === "" ? undefined : value;
  }

  /** Parses with `parse`; `undefined` from it means the value breaks `rule`. */
  function read<T>(
    name: string,
    kind: string,
    options: Described<T>,
    rule: string,
    parse: (value: string) => T | undefined,
    show: (value: T) => string = String,
    explain: (value: string) => string = () => "",
  ): T {
    const value = raw(name, kind, show(options.default), options.description);
    if (value === undefined) return options.default;
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    problems.push({
      name,
      message: `Cannot use ${name} as it must be ${rule}: current value is ${quote(value)}${explain(value)}`,
      used: show(options.default),
    });
    return options.default;
  }

  function inRange(
    options: Ranged,
    parse: (value: string) => number | undefined,
  ): (value: string) => number | undefined {
    return (value) => {
      const n = parse(value);
      if (n === undefined || !Number.isFinite(n)) return undefined;
      if (n === 0 && options.orZero === true) return n;
      return n >= (options.min ?? -Infinity) && n <= (options.max ?? Infinity) ? n : undefined;
    };
  }

  function rangeRule(what: string, options: Ranged, show: (n: number) => string = String): string {
    const { min, max } = options;
    if (min !== undefined && max !== undefined) return `${what} from ${show(min)} to ${show(max)}`;
    if (min !== undefined) {
      return `${what} of at least ${show(min)}${options.orZero === true ? ", or 0" : ""}`;
    }
    return max === undefined ? what : `${what} of at most ${show(max)}`;
  }

  return {
    settings,
    problems,
    text: (name, options) => raw(name, "text", options.default, options.description) ?? options.default,
    secret: (name, options) => raw(name, "text", "", options.description, true) ?? "",
    boolean: (name, options) =>
      read(name, "boolean", options, "true or false", (value) => BOOLEANS.get(value.toLowerCase())),
    integer: (name, options) =>
      read(
        name,
        "integer",
        options,
        rangeRule("a whole number", options),
        inRange(options, (value) => /^[-+]?\d+$/.test(value) ? Number(value) : undefined),
      ),
    decimal: (name, options) =>
      read(name, "number", options, rangeRule("a number", options), inRange(options, Number)),
    durationMs: (name, options) => {
      const ms = read(
        name,
        "duration",
        options,
        rangeRule("a duration such as 30s or 250ms", options, formatDurationMs),
        inRange(options, parseDurationMs),
        formatDurationMs,
        (value) => isBareNumber(value) ? BARE_NUMBER : "",
      );
      const value = env[name]?.trim() ?? "";
      if (isDoubtful(value) && parseDurationMs(value) === ms) problems.push(doubt(name, value));
      return ms;
    },
    bytes: (name, options) =>
      read(
        name,
        "size",
        options,
        rangeRule("a size in bytes, or such as 1MiB,", options),
        inRange(options, parseBytes),
      ),
    choice: (name, choices, options) =>
      read(name, "choice", options, `one of ${choices.join(", ")}`, (value) => {
        const word = value.toLowerCase();
        return choices.find((choice) => choice.toLowerCase() === word) ??
          (options.aliases && Object.hasOwn(options.aliases, word) ? options.aliases[word] : undefined);
      }),
    list: (name, options) =>
      read(
        name,
        "list",
        options,
        "a comma-separated list, or a JSON list of strings",
        parseList,
        (v) => v.join(","),
      ),
    pairs: (name, options) => {
      const value = raw(name, "k=v,k=v", "", options.description);
      if (value === undefined) return new Map();
      const { pairs, bad } = parsePairs(value);
      if (bad > 0) {
        problems.push({
          name,
          message: `Cannot use ${bad} pair${bad === 1 ? "" : "s"} of ${name} as each must read key=value`,
          used: pairs.size === 0 ? "none" : `the other ${pairs.size}`,
        });
      }
      const long = Array.from(pairs).find(([key, text]) => isTooLong(key, text));
      if (long !== undefined) {
        problems.push({
          name,
          message: `Cannot use ${quote(long[0])} of ${name} as it is, as Dataway takes at most ` +
            `${MAX_TAG_KEY_BYTES} bytes of a key and ${MAX_TAG_VALUE_BYTES} of a value`,
          used: "its beginning",
        });
      }
      return pairs;
    },
    problem: (problem) => void problems.push({ ...problem, message: redact(problem.message) }),
    quote,
  };
}

const BARE_NUMBER = ", and a bare number counts seconds: write ms behind it for milliseconds";
/** A bare number from here on is more likely to be meant as milliseconds. In seconds. */
const DOUBTFUL_SECONDS = 100;

/** A number without a unit. */
export function isBareNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

/** Whether a duration without a unit is so long that milliseconds may be meant. */
export function isDoubtful(text: string): boolean {
  return isBareNumber(text) && Number(text) >= DOUBTFUL_SECONDS;
}

/** That the unit of a duration is not what it may be meant to be. */
export function doubt(name: string, value: string): SettingProblem {
  return {
    name,
    message: `Cannot be sure of ${name} as its unit is missing: current value is "${value}"${BARE_NUMBER}`,
    used: `${value}s`,
  };
}

/** A duration in ms, or `undefined` when the text is not one. A bare number counts seconds. */
export function parseDurationMs(text: string): number | undefined {
  if (isBareNumber(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    totalMs += Number(amount) * (DURATION_UNITS_MS[unit ?? ""] ?? 0);
  }
  return totalMs;
}

/** Go's shortest common form: `250ms`, `30s`, `2m`. */
export function formatDurationMs(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(|b|[kmg](?:i?b)?)$/i.exec(text);
  if (!match) return undefined;
  return Math.floor(Number(match[1]) * (SIZE_UNITS[(match[2] ?? "").toLowerCase().slice(0, 1)] ?? 1));
}

function parseList(text: string): readonly string[] | undefined {
  if (text.startsWith("[")) {
    const value = parseJson(text);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  }
  return text.split(/[,\s]+/).filter((word) => word !== "");
}

/** Dataway's limits of a tag: what is above is cut. */
const MAX_TAG_KEY_BYTES = 256;
const MAX_TAG_VALUE_BYTES = 1024;

function isTooLong(key: string, value: string): boolean {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  return bytes(key) > MAX_TAG_KEY_BYTES || bytes(value) > MAX_TAG_VALUE_BYTES;
}

/** Splits `k=v,k=v` or reads a JSON object of strings; `bad` counts the pairs left out. */
function parsePairs(text: string): { pairs: Map<string, string>; bad: number } {
  const pairs = new Map<string, string>();
  let bad = 0;
  const add = (key: string, value: unknown): void => {
    if (key !== "" && typeof value === "string" && value !== "") pairs.set(key, value);
    else bad++;
  };
  const json = text.startsWith("{") ? parseJson(text) : undefined;
  if (typeof json === "object" && json !== null) {
    for (const [key, value] of Object.entries(json)) add(key, value);
    return { pairs, bad };
  }
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    add(pair.slice(0, Math.max(0, at)).trim(), at < 0 ? "" : pair.slice(at + 1).trim());
  }
  return { pairs, bad };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
