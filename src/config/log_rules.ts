import { NAMED_MASKS } from "../log_rules/masks.ts";
import { createLogRules } from "../log_rules/rules.ts";
import type { SettingReader } from "./reader.ts";

/** A level of logs, from the lowest. */
const LEVELS = ["debug", "info", "notice", "warning", "error", "critical"] as const;
/** Statuses below each level; `OK` is a kind of information. */
const BELOW: Readonly<Record<(typeof LEVELS)[number], string>> = {
  debug: "",
  info: "debug",
  notice: "debug,info,OK",
  warning: "debug,info,OK,notice",
  error: "debug,info,OK,notice,warning",
  critical: "debug,info,OK,notice,warning,error",
};

/**
 * All rules for logs, in their order: the level, which looks into no text; the masks, as no pattern is to see what they
 * take out; the shortcuts; the list.
 */
export function readLogRules(read: SettingReader): readonly unknown[] {
  const level = read.choice("ENV_AWSLAMBDA_LOG_LEVEL", LEVELS, {
    default: "debug",
    description: "The lowest level of logs that is kept; all below count as `refused_filtered`",
    aliases: { warn: "warning", trace: "debug", fatal: "critical" },
  });
  const masks = readMasks(read);
  const exclude = readRule(
    read,
    "ENV_AWSLAMBDA_LOG_EXCLUDE",
    "exclude",
    "Logs in which it is found are left out",
  );
  const include = readRule(
    read,
    "ENV_AWSLAMBDA_LOG_INCLUDE",
    "include",
    "Logs in which it is not found are left out",
  );
  const name = "ENV_AWSLAMBDA_LOG_RULES";
  const text = read.text(name, {
    default: "",
    description:
      "Rules for logs, a JSON list: objects with one of `exclude`, `include`, `mask` (regular expressions), `sample` " +
      "(0 to 1), perhaps `when` (`from`, `level`, `key`, `stage`), `with` and `unless`",
  });
  const rules = parseRules(read, name, text);
  for (const { index, broken } of createLogRules(rules).bad) {
    read.problem({
      name,
      message: `Cannot use rule ${index + 1} of ${name} as it ${broken}`,
      used: "the others",
    });
  }
  const below = BELOW[level] === "" ? [] : [{ exclude: "^", when: { level: BELOW[level] } }];
  return [...below, ...masks, ...exclude, ...include, ...rules];
}

/** A word that no expression is, and what parts it from the next. */
const FIRST_WORD = /^(\w+)(?:[,\s]+|$)/;

/**
 * Tells of rules that sampling is to spare requests by how they end, where no recorder waits for that.
 * `holdsLogs`: one does.
 */
export function checkOutcomes(read: SettingReader, rules: readonly unknown[], holdsLogs: boolean): void {
  if (holdsLogs) return;
  const name = "ENV_AWSLAMBDA_LOG_RULES";
  for (const outcome of createLogRules(rules).rules.awaited) {
    read.problem({
      name,
      message:
        `Cannot spare requests from sampling by ${outcome}, as ${name} asks, without ENV_AWSLAMBDA_RECORDER=on`,
      used: "the rule without it",
    });
  }
}

/** Names of masks and patterns. */
function readMasks(read: SettingReader): readonly unknown[] {
  const name = "ENV_AWSLAMBDA_LOG_MASK";
  const text = read.text(name, {
    default: "secrets",
    description:
      "What is masked in logs, in the message and all text fields: names of `secrets` (passwords, tokens, keys), " +
      "`email`, `card`, `ipv4`, separated by commas, perhaps a regular expression behind them; `off`: nothing",
  });
  return masksOf(text.trim()).flatMap((mask) => {
    if (mask === "off") return [];
    if (!/^\w+$/.test(mask)) return usable(read, name, { mask });
    if (Object.hasOwn(NAMED_MASKS, mask)) return [{ mask }];
    read.problem({
      name,
      message: `Cannot use ${read.quote(mask)} of ${name} as it must be one of ${
        Object.keys(NAMED_MASKS).join(", ")
      } or off`,
      used: "the others",
    });
    return [];
  });
}

/** A JSON list, or words and perhaps one pattern after them, which may hold commas and blanks itself. */
function masksOf(text: string): readonly string[] {
  const list = text.startsWith("[") ? parseList(text) : undefined;
  if (list !== undefined && list.every((item) => typeof item === "string")) return list;
  const masks: string[] = [];
  let rest = text;
  for (let word = FIRST_WORD.exec(rest); word !== null; word = FIRST_WORD.exec(rest)) {
    masks.push(word[1] ?? "");
    rest = rest.slice(word[0].length);
  }
  return rest === "" ? masks : [...masks, rest];
}

function readRule(
  read: SettingReader,
  name: string,
  kind: "exclude" | "include",
  what: string,
): readonly unknown[] {
  const pattern = read.text(name, { default: "", description: `Regular expression. ${what}` });
  return pattern === "" ? [] : usable(read, name, { [kind]: pattern });
}

function usable(read: SettingReader, name: string, rule: unknown): readonly unknown[] {
  const [bad] = createLogRules([rule]).bad;
  if (bad === undefined) return [rule];
  read.problem({ name, message: `Cannot use the pattern of ${name} as it ${bad.broken}`, used: "none" });
  return [];
}

function parseRules(read: SettingReader, name: string, text: string): readonly unknown[] {
  if (text.trim() === "") return [];
  const rules = parseList(text);
  if (rules !== undefined) return rules;
  read.problem({ name, message: `Cannot use ${name} as it must be a JSON list of rules`, used: "none" });
  return [];
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}
