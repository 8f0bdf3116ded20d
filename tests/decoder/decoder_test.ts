/**
 * Our bodies, read by the point library that Dataway and DataKit are made with. Needs Go; `deno task test:decoder`.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import { isArray } from "../../src/point/clean_field_value.ts";
import type { FieldValue, Point, Scalar } from "../../src/point/point.ts";
import { anyPoint, asLine, isWritableAsLine } from "../support/arbitrary_points.ts";
import { batchOfPoints } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

interface Pair {
  readonly key: string;
  readonly tag: boolean;
  readonly type: string;
  readonly value: readonly string[];
}

interface Answer {
  readonly error: string;
  readonly points: readonly {
    readonly name: string;
    readonly timeNs: string;
    readonly pairs: readonly Pair[];
  }[];
}

type Version = keyof typeof ENCODINGS;

const FOLDER = new URL("go/", import.meta.url).pathname;
const PROGRAM = new URL("../../.cache/decoder", import.meta.url).pathname;
const NO_TAGS = encodeCommonTags(new Map(), createCommonKeys([]));
const SEED = 20261125;
const BODIES = 1500;
const TIME_NS = 1_700_000_000_000_000_001n;

scenario("DataKit's own library reads every point of ours as it was, in both encodings", async () => {
  await build();
  const points = sample(SEED);
  for (const version of ["v1", "v2"] as const) {
    const legal = version === "v1" ? points.filter(isWritableAsLine) : points;
    const answers = await decode(version, legal.map((point) => bodyOf(version, [point])));
    for (const [index, point] of legal.entries()) {
      const answer = answers[index];
      assertEquals([answer?.error, answer?.points.length], ["", 1], `${version} of ${describe(point)}`);
      const read = answer?.points[0];
      assertEquals(read?.name, point.measurement);
      assertEquals(read?.timeNs, String(point.timeNs));
      assertEquals(read?.pairs, expectedPairs(point, version), `${version} of ${describe(point)}`);
    }
  }
});

scenario(
  "DataKit's own library takes each point of a body, also with names that lines cannot say",
  async () => {
    await build();
    const points = sample(SEED + 1);
    for (const version of ["v1", "v2"] as const) {
      const [answer] = await decode(version, [bodyOf(version, points)]);
      assertEquals(answer?.error, "");
      assertEquals(answer?.points.length, points.length);
      assert(
        answer?.points.every(({ pairs }) => pairs.some(({ tag }) => !tag)),
        "a point has lost its fields",
      );
    }
  },
);

/** Of times that the library does not correct. */
function sample(seed: number): Point[] {
  return fc.sample(anyPoint, { seed, numRuns: BODIES }).map((point) => ({ ...point, timeNs: TIME_NS }));
}

function bodyOf(version: Version, points: readonly Point[]): Uint8Array<ArrayBuffer> {
  return ENCODINGS[version].encode(batchOfPoints(points), NO_TAGS);
}

async function build(): Promise<void> {
  const args = ["build", "-mod=readonly", "-o", PROGRAM, "."];
  const { success, stderr } = await new Deno.Command("go", { args, cwd: FOLDER }).output();
  assert(success, new TextDecoder().decode(stderr));
}

async function decode(version: Version, bodies: readonly Uint8Array[]): Promise<Answer[]> {
  const child = new Deno.Command(PROGRAM, { stdin: "piped", stdout: "piped" }).spawn();
  const output = child.output();
  const lines = bodies.map((body) => `${version} ${body.toBase64()}\n`).join("");
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines));
  await writer.close();
  const { success, stdout } = await output;
  assert(success);
  const texts = new TextDecoder().decode(stdout).split("\n").slice(0, -1);
  assertEquals(texts.length, bodies.length);
  return texts.map((text): Answer => JSON.parse(text));
}

function expectedPairs(point: Point, version: Version): Pair[] {
  const tags = Array.from(
    point.tags,
    ([key, value]): Pair => ({ key, tag: true, type: "text", value: [value] }),
  );
  const said = version === "v2" ? point.fields : asLine(point).fields;
  const fields = Array.from(said, ([key, value]): Pair => ({ key, tag: false, ...toText(value) }));
  return [...tags, ...fields].sort((a, b) => compareBytes(a.key, b.key));
}

function toText(value: FieldValue): { readonly type: string; readonly value: readonly string[] } {
  if (!isArray(value)) return { type: typeOf(value), value: [textOf(value)] };
  const [first] = value;
  return { type: first === undefined ? "array" : `array of ${typeOf(first)}`, value: value.map(textOf) };
}

function typeOf(value: Scalar): string {
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "float";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    default:
      return value instanceof Uint8Array ? "bytes" : "unsigned";
  }
}

function textOf(value: Scalar): string {
  if (typeof value === "number") {
    return new BigUint64Array(new Float64Array([value]).buffer)[0]?.toString(16) ?? "";
  }
  if (value instanceof Uint8Array) return value.toBase64();
  return typeof value === "object" ? String(value.unsigned) : String(value);
}

function compareBytes(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  if (left === undefined || right === undefined) return 0;
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function describe(point: Point): string {
  return Deno.inspect(point, { strAbbreviateSize: Infinity });
}
