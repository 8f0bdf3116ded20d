/** What was planned or became of many functions: in groups for people, in full for machines. */
import type { AttachAction } from "./attach_options.ts";
import type { AttachOutcome, AttachState, RegionFailure } from "./attach_run.ts";
import type { Statement } from "./role_right.ts";

const TITLES: Readonly<Record<AttachState, string>> = {
  changed: "Changed",
  planned: "To change",
  drifted: "Not as wished",
  unchanged: "As wished",
  skipped: "Skipped",
  failed: "Failed",
  "not begun": "Not begun",
};
/** In the order in which they are told. What is as wished is only counted. */
const TOLD: readonly AttachState[] = ["planned", "drifted", "skipped", "failed", "not begun"];
const COUNTED: readonly AttachState[] = [
  "changed",
  "planned",
  "drifted",
  "unchanged",
  "skipped",
  "failed",
  "not begun",
];

/** Functions to which the same happens stand together; lines for people. */
export function describeOutcomes(outcomes: readonly AttachOutcome[]): readonly string[] {
  const told = TOLD.flatMap((state) => outcomes.filter((outcome) => outcome.state === state));
  const groups = Map.groupBy(
    told,
    ({ region, state, changes, reasons, notes }) => JSON.stringify([region, state, changes, reasons, notes]),
  );
  return Array.from(groups.values()).flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { state, region, changes, reasons, notes } = first;
    const many = members.length === 1 ? "" : ` ${members.length}`;
    return [
      `${TITLES[state]}${many} in ${region}: ${members.map(({ name }) => name).join(", ")}`,
      ...[...changes, ...reasons, ...notes.map((note) => `note: ${note}`)].map((line) => `  ${line}`),
    ];
  });
}

/** What roles lack to read the secret, or what is not known of them: each role once, with the statements. */
export function describeRights(outcomes: readonly AttachOutcome[]): readonly string[] {
  const lines = new Map<string, string>();
  for (const { role, right } of outcomes) {
    if (role === undefined || right === undefined) continue;
    const what = right.state === "denied" ? "lacks" : `needs (it could not be checked: ${right.detail})`;
    lines.set(
      role,
      `The role ${role} ${what}\n${right.statements.map((each) => `  ${encode(each)}`).join("\n")}`,
    );
  }
  return Array.from(lines.values());
}

/** One line with the number of functions in each state. */
export function countOutcomes(outcomes: readonly AttachOutcome[]): string {
  const counts = COUNTED.map((state) =>
    [state, outcomes.filter((each) => each.state === state).length] as const
  )
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const what = outcomes.length === 1 ? "1 function" : `${outcomes.length} functions`;
  return counts.length === 0 ? `${what} found` : `${what}: ${counts.join(", ")}`;
}

/** 0 when everything is as wished or was done, else 1. A function that was named outright must not be skipped. */
export function exitCodeOf(outcomes: readonly AttachOutcome[], failures: readonly RegionFailure[]): number {
  const isFault = ({ state, isNamed }: AttachOutcome): boolean =>
    state === "failed" || state === "drifted" || state === "not begun" || state === "skipped" && isNamed;
  return failures.length > 0 || outcomes.some(isFault) ? 1 : 0;
}

/** The whole result as JSON. Holds no secret: values of variables are as in the lines for people. */
export function encodeResult(
  action: AttachAction,
  isDryRun: boolean,
  outcomes: readonly AttachOutcome[],
  failures: readonly RegionFailure[],
): string {
  const counts = Object.fromEntries(
    Map.groupBy(outcomes, ({ state }) => state).entries().map(([state, members]) => [state, members.length]),
  );
  const functions = outcomes.map(({ name, isNamed: _, ...rest }) => ({ function: name, ...rest }));
  return `${
    JSON.stringify({ action, dryRun: isDryRun, counts, functions, failedRegions: failures }, undefined, 2)
  }\n`;
}

function encode(statement: Statement): string {
  return JSON.stringify(statement);
}
