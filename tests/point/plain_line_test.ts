import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { cpuMs } from "../support/cpu_time.ts";

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom(
    "a",
    "b",
    "a b",
    "a,b",
    "a=b",
    '"',
    "\\",
    "\\ ",
    "#x",
    "\t",
    "\0a",
    "é",
    "\u{1f4a5}",
    "\ufffd",
  ),
);
const value: fc.Arbitrary<FieldValue> = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((unsigned) => ({ unsigned })),
);
const point: fc.Arbitrary<Point> = fc.record({
  category: fc.constant("logging" as const),
  measurement: text,
  tags: fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  fields: fc.array(fc.tuple(text, value), { minLength: 1, maxLength: 4 }).map((pairs) => new Map(pairs)),
  timeNs: fc.bigInt({ min: 0n, max: 2n ** 62n }),
});

/** The same point, for which no short way is taken: of an empty array no field is made. */
function byAllRules(point: Point): Point {
  return { ...point, fields: new Map<string, FieldValue>([...point.fields, ["left out", []]]) };
}

Deno.test("encodeLineProtocol() writes the usual point as all of its rules would", () => {
  const common = fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => new Map(pairs));
  fc.assert(
    fc.property(fc.array(point, { maxLength: 3 }), common, (points, tags) => {
      assertEquals(encodeLineProtocol(points, tags), encodeLineProtocol(points.map(byAllRules), tags));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("encodeLineProtocol() is several times faster for usual points than all of its rules", () => {
  const points = Array.from({ length: 1000 }, (_, i): Point => ({
    category: "logging",
    measurement: "awslambda-logging",
    tags: new Map([["aws_log_from", "function"]]),
    fields: new Map([["aws_request_id", `${i}`], ["message", `line ${i}`], ["status", "info"]]),
    timeNs: 1_700_000_000_000_000_000n + BigInt(i),
  }));
  const common = new Map(Array.from({ length: 9 }, (_, i) => [`aws_tag_${i}`, `value ${i}`]));
  const slow = points.map(byAllRules);
  const least = (of: readonly Point[]): number =>
    Math.min(...Array.from({ length: 12 }, () => {
      const startedAt = cpuMs();
      encodeLineProtocol(of, common);
      return cpuMs() - startedAt;
    }));
  const [plainMs, allMs] = [least(points), least(slow)];
  assert(plainMs * 2 < allMs, `${plainMs} ms, and ${allMs} ms by all rules`);
});
