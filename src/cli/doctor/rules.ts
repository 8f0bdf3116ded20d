/** `datakit doctor --rules <file>`: what the rules for logs do to each line of a file. Loaded only then. */
import { describeError } from "@std/log";
import { parseConfig } from "../../config.ts";
import { isJsonObject } from "../../json/exact_json.ts";
import { createLineReader, type Line } from "../../lambda/lines/line.ts";
import { maskSecrets } from "../../log_rules/mask_secrets.ts";
import { createLogRules, type LogRules, type MemberMask, type RuledLog } from "../../log_rules/rules.ts";
import { createRedactor } from "../../secrets.ts";
import { type CommandContext, OptionError } from "../command.ts";
import { toJson } from "../to_json.ts";

/** A rule and how often it left out a line, or changed one. */
interface RuleReport {
  /** From 1, as lines name it. */
  readonly number: number;
  readonly rule: unknown;
  readonly hits: number;
  /** Why it cannot be used, or what it is for instead of lines. */
  readonly note?: string;
}

/** What became of one line. */
interface LineReport {
  /** In the file, from 1. */
  readonly number: number;
  readonly outcome: "kept" | "changed" | "left out" | "sampled out";
  /** Numbers of the rules that changed it or left it out. */
  readonly rules: readonly number[];
  /** What is left of its message; of a line that is left out what it was, without secrets. */
  readonly text: string;
  readonly status: string;
  /** Members of a JSON log that are masked. */
  readonly members: readonly string[];
}

/** All of a dry run. */
interface DryRun {
  readonly rules: readonly RuleReport[];
  readonly lines: readonly LineReport[];
  readonly problems: readonly string[];
}

/** Of a line that is shown. */
const MAX_SHOWN_CHARS = 160;
/** Settings that make rules. */
const RULE_SETTINGS = /^ENV_AWSLAMBDA_LOG_(?:RULES|MASK|EXCLUDE|INCLUDE|LEVEL)$/;
const PLATFORM_LINE = /^(?:START|END|REPORT) RequestId: /;

/** Runs the rules of the settings over the lines of `path`, or of the standard input for `-`; the exit code. */
export async function tryRules(
  path: string,
  asJson: boolean,
  { env, print }: CommandContext,
): Promise<number> {
  const { config, problems, secrets } = parseConfig(env);
  const text = await readLines(path);
  const tried = dryRun(config.awslambda.logRules, text.split("\n").filter((line) => line.trim() !== ""));
  const told = problems.filter(({ name }) => RULE_SETTINGS.test(name)).map(({ message }) => message);
  const run: DryRun = { ...tried, problems: told };
  const redact = createRedactor(secrets);
  if (asJson) print(toJson(run, redact));
  else for (const line of linesOf(run)) print(redact(line));
  return told.length === 0 ? 0 : 1;
}

async function readLines(path: string): Promise<string> {
  if (path === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    // The executable may read no other folders.
    throw new OptionError(
      `Cannot read ${JSON.stringify(path)} (${
        describeError(error)
      }). Files may be read below /opt, /var/task and ` +
        "/tmp; any other on the standard input: datakit doctor --rules - < file",
    );
  }
}

/** What rules do to lines, each of which is a log of its own. */
export function dryRun(
  texts: readonly unknown[],
  lines: readonly string[],
): Omit<DryRun, "problems"> {
  const { rules, bad } = createLogRules(texts);
  const reader = createLineReader();
  const reports = lines.map((line, index) => report(rules, reader.read(line), index + 1));
  const noteOf = (index: number): { readonly note?: string } => {
    const broken = bad.find((each) => each.index === index)?.broken;
    if (broken !== undefined) return { note: `cannot be used: it ${broken}` };
    return isOfSpans(texts[index]) ? { note: "is for spans, not for lines" } : {};
  };
  return {
    rules: texts.map((rule, index) => ({
      number: index + 1,
      rule,
      hits: rules.hits[index] ?? 0,
      ...noteOf(index),
    })),
    lines: reports,
  };
}

function isOfSpans(rule: unknown): boolean {
  const when = isJsonObject(rule) ? rule["when"] : undefined;
  return isJsonObject(when) && when["from"] === "span";
}

function report(rules: LogRules, line: Line, number: number): LineReport {
  const before = [...rules.hits];
  const status = line.status ?? "info";
  const decision = rules.apply(ruled(line, status), line.message);
  const hit = rules.hits.flatMap((hits, index) => hits > (before[index] ?? 0) ? [index + 1] : []);
  const about = { number, rules: hit, status };
  if (!decision.kept) {
    const outcome = decision.reason === "filtered" ? "left out" : "sampled out";
    return { ...about, rules: [decision.rule + 1], outcome, text: maskSecrets(line.message), members: [] };
  }
  const members = decision.mask === undefined ? [] : maskedMembers(line, decision.mask);
  const isChanged = decision.text !== line.message || members.length > 0;
  return { ...about, outcome: isChanged ? "changed" : "kept", text: decision.text, members };
}

function maskedMembers({ members, told }: Line, mask: MemberMask): readonly string[] {
  return Object.entries(members ?? {}).flatMap(([key, value]) => {
    if (value === null || value === undefined || told.includes(key)) return [];
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return mask(text, key) === text ? [] : [key];
  });
}

function ruled({ members, message, requestId }: Line, status: string): RuledLog {
  return {
    from: PLATFORM_LINE.test(message) ? "platform" : "function",
    status,
    requestId,
    // A file does not tell.
    isCold: () => false,
    member: (key) => {
      const value = members?.[key];
      if (value === undefined || value === null) return undefined;
      return typeof value === "string" ? value : JSON.stringify(value);
    },
  };
}

function linesOf({ rules, lines, problems }: DryRun): readonly string[] {
  const count = (outcome: LineReport["outcome"]): number =>
    lines.filter((line) => line.outcome === outcome).length;
  return [
    `Rules, in their order (${rules.length})`,
    ...rules.map(({ number, rule, hits, note }) =>
      `  ${String(number).padStart(2)}  ${note ?? `${hits} of ${lines.length} lines`}: ${
        JSON.stringify(rule)
      }`
    ),
    ...problems.map((problem) => `  ${problem}`),
    "",
    `Lines (${lines.length}: ${count("kept")} kept as they are, ${count("changed")} changed, ` +
    `${count("left out")} left out, ${count("sampled out")} sampled out)`,
    ...lines.map(lineOf),
    "",
    "Each line was taken for a log of its own, and for none of a cold start.",
  ];
}

function lineOf({ number, outcome, rules, text, status, members }: LineReport): string {
  const by = rules.length === 0 ? "" : ` by ${rules.join(", ")}`;
  const masked = members.length === 0 ? "" : ` (masked: ${members.join(", ")})`;
  const oneLine = JSON.stringify(text).slice(1, -1);
  const shown = oneLine.length > MAX_SHOWN_CHARS ? `${oneLine.slice(0, MAX_SHOWN_CHARS)}…` : oneLine;
  return `  ${String(number).padStart(4)}  ${`${outcome}${by}`.padEnd(16)}  ${
    status.padEnd(8)
  }  ${shown}${masked}`;
}
