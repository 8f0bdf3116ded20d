/** `datakit doctor`. */
import { parseConfig, type ParsedConfig } from "../../config.ts";
import type { Environment, SettingProblem } from "../../config/reader.ts";
import { type ShownSetting, shownSettings } from "../../config/shown_settings.ts";
import { createDatawayClient } from "../../dataway/client.ts";
import { createRedactor } from "../../secrets.ts";
import { VERSION } from "../../version.ts";
import type { Asked, Command, CommandContext } from "../command.ts";
import { snippets } from "../snippets.ts";
import { toJson } from "../to_json.ts";
import { checkDataway } from "./dataway.ts";
import type { Finding } from "./finding.ts";
import { checkPorts } from "./ports.ts";
import { checkSandbox } from "./sandbox.ts";
import type { TargetExamination } from "./target.ts";

const USAGE =
  `Checks settings, the sandbox (memory, architecture, layer, ports) and whether Dataway is there and takes the token.
Sends nothing, and shows no secret, whichever variable it was pasted into.

  datakit doctor [--send] [--json]
  datakit doctor --rules <file> [--json]

  --send   also sends one point of the measurement awslambda-extension
  --rules  what the rules for logs do to each line of a file, or of the standard input (-), and nothing else
  --json   one JSON document

Exit code 0: all is well; 1: something is not; 2: wrong arguments.

To look from where the function is (its VPC, its variables), let the function start it once. In the handler's file:

${snippets("doctor")}

What the running extension does tells datakit status.`;

export const DOCTOR: Command = {
  usage: USAGE,
  options: { send: "flag", rules: "value", json: "flag" },
  run: doctor,
};

/** All that was found. */
interface Examination {
  readonly ok: boolean;
  readonly version: string;
  readonly settings: readonly ShownSetting[];
  readonly problems: readonly SettingProblem[];
  readonly sandbox: readonly Finding[];
  readonly dataway: readonly Finding[];
  /** The second target; nothing without one. */
  readonly target: readonly Finding[];
}

async function doctor(asked: Asked, context: CommandContext): Promise<number> {
  const lines = asked.get("rules");
  if (lines !== undefined) {
    const { tryRules } = await import("./rules.ts");
    return await tryRules(lines, asked.has("json"), context);
  }
  const { env, print } = context;
  const parsed = parseConfig(env);
  const secrets = new Set(parsed.secrets);
  using client = createDatawayClient(parsed.config.dataway, env);
  const target = await examineTarget(parsed, env);
  const problems = [...parsed.problems, ...client.problems, ...target.problems];
  const ports = await checkPorts(parsed);
  const sandbox = [
    ...checkSandbox(env, { executable: Deno.execPath() }, ports.isRunning),
    ...ports.findings,
  ];
  const dataway = await checkDataway({
    parsed,
    env,
    client,
    sends: asked.has("send"),
    onSecret: (token) => void secrets.add(token),
    now: Date.now,
  });
  const isWell = problems.length === 0 &&
    [...sandbox, ...dataway, ...target.findings].every(({ outcome }) => outcome !== "fault");
  const found: Examination = {
    ok: isWell,
    version: VERSION,
    settings: shownSettings(parsed.settings, env),
    problems,
    sandbox,
    dataway,
    target: target.findings,
  };
  const redact = createRedactor(secrets);
  if (asked.has("json")) print(toJson(found, redact));
  else for (const line of linesOf(found)) print(redact(line));
  return isWell ? 0 : 1;
}

/** What it needs is loaded only where there is one. */
async function examineTarget(
  parsed: ParsedConfig,
  env: Environment,
): Promise<TargetExamination> {
  const { target } = parsed.config;
  if (target === undefined) return { findings: [], problems: [] };
  return await (await import("./target.ts")).checkTarget(target, env, Date.now);
}

function linesOf(
  { ok: isWell, version, settings, problems, sandbox, dataway, target }: Examination,
): readonly string[] {
  return [
    `datakit-lambda-extension ${version}`,
    ...section("Settings that are set", settings.map(({ name, value }) => `${name} = ${value}`)),
    ...section("Problems", problems.map(({ message, used }) => `${message}; used instead: ${used}`)),
    ...section("Sandbox", sandbox.map(lineOf)),
    ...section("Dataway", dataway.map(lineOf)),
    ...target.length === 0 ? [] : section("OTLP target", target.map(lineOf)),
    "",
    isWell ? "All is well." : "Something is not well.",
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return ["", title, ...lines.length === 0 ? ["  none"] : lines.map((line) => `  ${line}`)];
}

function lineOf({ outcome, about, text }: Finding): string {
  return `${outcome === "fault" ? "FAULT " : outcome === "note" ? "note  " : "ok    "}${about}: ${text}`;
}
