/** Large records, which are read and written in steps, against the same ones taken in one go; and how long a step takes. */
import { assert, assertEquals } from "@std/assert";
import { finish } from "../../src/bounded_pattern.ts";
import { isJsonObject, type JsonObject, tryParseExactJson } from "../../src/json/exact_json.ts";
import { readJsonSteps } from "../../src/json/steps_json.ts";
import { readHandlerError } from "../../src/lambda/lines/handler_error.ts";
import { createLineReader } from "../../src/lambda/lines/line.ts";
import { createLogPoints } from "../../src/lambda/log_points.ts";
import { createLogRules } from "../../src/log_rules/rules.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { createRandom, type Random } from "../ingest/datakit/random_json.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { createRecordingIntake } from "../support/points.ts";
import { NOW_MS, openTelemetry } from "./open_telemetry.ts";
import { scenario } from "../support/scenario.ts";

const DIGITS = { integers: "bigint or text" } as const;
const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";

const KEYS =
  "message,msg,level,status,time,timestamp,requestId,request_id,trace_id,traceId,span_id,fields,log,dd,record,source,date,extra,a.b,a_b,context,span,errorType,errorMessage,stackTrace,executionArn,_aws,1,0,__proto__,,x\\n,level "
    .split(",");
const TEXTS = [
  "ERROR",
  "info",
  "a password=hunter2 b",
  ID,
  "5759e988bd862e3fe1be46a994272793",
  "",
  "-",
  "é🙂\\u001b[31mred",
  "arn:aws:lambda:eu-west-1:1:function:f/durable-execution/name/id",
  '{\\"message\\":\\"inner\\",\\"level\\":\\"warn\\",\\"k\\":1}',
  '{\\"k\\":[1,2]}',
] as const;
const NUMBERS = ["0", "-0", "17", "1e400", "9007199254740993", "1.5", `${"7".repeat(50)}`] as const;

/** The JSON of a record at random, as functions and their runtimes write it. */
function recordText(random: Random, most: number): string {
  function value(depth: number): string {
    switch (random.below(depth > 3 ? 6 : 9)) {
      case 0:
      case 1:
      case 2:
        return `"${random.pick(TEXTS)}"`;
      case 3:
        return random.pick(NUMBERS);
      case 4:
        return random.pick(["true", "false", "null"]);
      case 5:
        return `["a","b","${random.pick(TEXTS)}"]`;
      case 6:
        return `[${Array.from({ length: random.below(4) }, () => value(depth + 1)).join()}]`;
      default:
        return object(depth + 1, 5);
    }
  }
  function object(depth: number, members: number): string {
    const own = Array.from({ length: random.below(members) }, (_, n) => {
      const key = random.below(3) === 0 ? `k${random.below(2 * members)}` : KEYS[random.below(KEYS.length)];
      return `"${key}${random.below(20) === 0 ? n : ""}":${value(depth)}`;
    });
    return `{${own.join()}}`;
  }
  const record = object(0, most);
  if (random.below(4) > 0) return record;
  // A runtime puts it around what was logged.
  const inner = random.below(2) === 0 ? record : JSON.stringify(record);
  return `{"timestamp":"2026-09-10T12:00:00Z","level":"${random.pick(TEXTS)}","message":${inner}}`;
}

const RULES = [
  undefined,
  createLogRules([{ mask: "secrets" }, { mask: "[a-f0-9]{8}-", with: "#" }]).rules,
  createLogRules([{ exclude: "hunter2", when: { key: "k1" } }, { mask: "a", when: { key: "k2" } }]).rules,
  createLogRules([{ sample: 0.9, unless: "cold" }]).rules,
];

/** What a record comes to, as bytes, and what was refused. */
function writtenBy(record: JsonObject, inSteps: boolean, random: Random): readonly string[] {
  const intake = createRecordingIntake("telemetry");
  const reader = createLineReader();
  const line = inSteps ? finish(reader.readSteps(record)) : reader.read(record);
  const failure = readHandlerError(line);
  const log = {
    from: "function",
    requestId: random.pick([undefined, line.requestId, ID]),
    timeNs: 1n,
    line,
    texts: undefined,
    failure,
  } as const;
  const points = createLogPoints({
    ...intake,
    schema: random.pick(["documented", "datakit"]),
    rules: RULES[random.below(RULES.length)],
    isCold: () => false,
  });
  if (inSteps) {
    // Logs that are written between two steps change nothing.
    const other = { ...log, line: createLineReader().read("another one") };
    const steps = points.writeSteps(log, 1n);
    while (steps.next().done !== true) points.write(other, 2n);
  } else points.write(log, 1n);
  const own = intake.points.filter((point) => point.timeNs === 1n);
  return [...own.map((point) => encodePoint(point).toHex()), JSON.stringify([...intake.refused])];
}

for (
  const [size, most, runs, step] of [["few", 12, 3_000, 0], ["very many", 12_000, 12, 16 * 1024]] as const
) {
  Deno.test(`a record of ${size} members is the same log in steps as in one go`, () => {
    let points = 0;
    for (let seed = 0; seed < runs; seed++) {
      const text = recordText(createRandom(seed), most);
      const whole = tryParseExactJson(text, DIGITS);
      const large = finish(readJsonSteps(text, { ...DIGITS, step }));
      assert(isJsonObject(whole) && isJsonObject(large), text);
      const expected = writtenBy(whole, false, createRandom(seed));
      const actual = writtenBy(large, true, createRandom(seed));
      assert(actual.join() === expected.join(), `seed ${seed}: ${text.slice(0, 1000)}`);
      if (expected.length > 1) points++;
    }
    assert(points > runs / 2, `${points}`);
  });
}

/** Parts of a JSON text of a MB. */
function filled(open: string, item: (n: number) => string, close: string): string {
  const items: string[] = [];
  for (let length = 0, n = 0; length < 1_000_000; n++) length += (items[n] = item(n)).length + 1;
  return open + items.join() + close;
}

const MANY = filled('{"message":"it",', (n) => `"k${n}":1`, "}");
const RECORDS = {
  "130,000 members": MANY,
  "130,000 members and no message": filled("{", (n) => `"k${n}":1`, "}"),
  "130,000 members in one": filled('{"message":"it","in":{', (n) => `"k${n}":1`, "}}"),
  "130,000 members in a runtime's envelope": `{"timestamp":"t","level":"INFO","message":${MANY}}`,
  "many short strings": filled('{"message":"it","list":[', (n) => `"s${n}"`, "]}"),
  "many numbers": filled('{"message":"it","list":[', (n) => `${n % 10}`, "]}"),
  "long integers": filled('{"message":"it",', (n) => `"k${n}":12345678901234567890`, "}"),
  "escapes": filled('{"message":"it",', (n) => `"\\u006b${n}":"\\u0041\\n"`, "}"),
  "lists in lists": filled('{"message":"it","list":[', () => "[[],{}]", "]}"),
  "what nests deep": filled('{"message":"it","list":[', () => "[".repeat(200) + "]".repeat(200), "]}"),
  "what nests too deep": `{"message":"it","list":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
  "metrics": filled(
    `{"a":"x","_aws":{"Timestamp":${NOW_MS},"CloudWatchMetrics":[`,
    (n) => `{"Namespace":"n","Dimensions":[["a"]],"Metrics":[{"Name":"m${n}"}]}`,
    "]}}",
  ),
};

for (const [name, record] of Object.entries(RECORDS)) {
  for (const form of ["an object", "a line"] as const) {
    scenario(
      `createTelemetryReceiver() lets the event loop run while it takes ${form} of 1 MB with ${name}`,
      async () => {
        const line = form === "an object" ? record : JSON.stringify(`${record}\n`);
        const body = `[{"time":"2026-09-10T12:00:00.000Z","type":"function","record":${line}}]`;
        const message = expectedMessage(record);
        let posts = 0;
        const ms = await longestTurnMs(async () => {
          const telemetry = openTelemetry({ logMetrics: { formats: new Set(["emf", "datadog"]) } });
          await telemetry.post(body, { "sequence-id": `${posts++}` });
          assertEquals(telemetry.points.length, 1);
          const [point] = telemetry.points;
          assert(point?.fields.get("message") === message);
        });
        assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
      },
    );
  }
}

/** A record without a message is one as a whole. */
function expectedMessage(record: string): string {
  return record.includes('"message":"it"') ? "it" : JSON.stringify(JSON.parse(record));
}

scenario(
  "createTelemetryReceiver() lets the event loop run while it takes several large records under rules",
  async () => {
    const some = `{"message":"it","password":"hunter2",${MANY.slice(16, 300_000).replace(/,[^,]*$/, "")}}`;
    const one = `{"time":"2026-09-10T12:00:00.000Z","type":"function","record":${some}}`;
    let posts = 0;
    const ms = await longestTurnMs(async () => {
      const telemetry = openTelemetry({
        logRules: [{ mask: "secrets" }, { exclude: "x", when: { key: "in" } }],
      });
      await telemetry.post(`[${one},${one},${one}]`, { "sequence-id": `${posts++}` });
      assertEquals(telemetry.points.map((point) => point.fields.get("password")), [
        "******",
        "******",
        "******",
      ]);
      const extra: unknown = telemetry.points[0]?.fields.get("extra");
      assert(typeof extra === "string" && extra.startsWith('{"k6'), String(extra).slice(0, 50));
    });
    assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
  },
);
