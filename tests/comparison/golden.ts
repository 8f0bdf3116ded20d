/** The golden files: one a group, one entry an input, one line a point. */
import type { Outcome } from "./outcome.ts";

/** An outcome as a golden file has it: of line protocol only what differs from protobuf, by index. */
interface Entry {
  readonly name: string;
  readonly answers: readonly string[];
  readonly refused: readonly string[];
  readonly points: readonly unknown[];
  readonly v1: Readonly<Record<string, unknown>>;
}

/** The text of a golden file. */
export function goldenText(outcomes: ReadonlyMap<string, Outcome>): string {
  return `[\n${Array.from(outcomes, ([name, outcome]) => entryText(name, outcome)).join(",\n")}\n]\n`;
}

/** What a golden file says, as {@link outcomeText} tells an outcome. */
export async function readGolden(group: string): Promise<Map<string, string>> {
  const list: readonly Entry[] = JSON.parse(await Deno.readTextFile(goldenUrl(group)));
  return new Map(list.map((entry) => [entry.name, textOf(entry)]));
}

/** An outcome with a line for each thing, for a comparison that shows what differs. */
export function outcomeText(name: string, outcome: Outcome): string {
  return textOf(JSON.parse(entryText(name, outcome)));
}

/** Where a group's golden file is. */
export function goldenUrl(group: string): URL {
  return new URL(`./golden/${group}.golden`, import.meta.url);
}

function entryText(name: string, { answers, refused, v1, v2 }: Outcome): string {
  const differing = v1.flatMap((line, index) => line === v2[index] ? [] : [`"${index}":${line}`]);
  if (v1.length !== v2.length) differing.push(`"count":${v1.length}`);
  return `{"name":${JSON.stringify(name)},"answers":${JSON.stringify(answers)},"refused":${
    JSON.stringify(refused)
  },"points":[${v2.map((line) => `\n${line}`).join()}],"v1":{${differing.join()}}}`;
}

function textOf({ answers, refused, points, v1 }: Entry): string {
  const lines = [
    ...answers.map((answer) => `answer ${answer}`),
    ...refused.map((count) => `refused ${count}`),
    ...points.map((point) => JSON.stringify(point)),
    ...Object.entries(v1).map(([index, point]) => `v1 ${index} ${JSON.stringify(point)}`),
  ];
  return lines.join("\n");
}
