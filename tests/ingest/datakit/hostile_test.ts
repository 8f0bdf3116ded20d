/** Bodies made to hold the extension up: bounded turns of the event loop, and nothing kept per point. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { Buffer } from "node:buffer";
import process from "node:process";
import { createDatakitApiReceiver } from "../../../src/ingest/datakit/receiver.ts";
import type { RefusalReason } from "../../../src/pipeline/receiver.ts";
import { createPointWriter } from "../../../src/point/create_point_writer.ts";

interface Outcome {
  readonly status: number;
  readonly stored: number;
  readonly malformed: number;
  readonly turns: number;
  readonly cpuMs: number;
}

/** Posts a body to a receiver that keeps no point, and counts the turns of the event loop meanwhile. */
async function post(path: string, type: string, content: Uint8Array<ArrayBuffer> | string): Promise<Outcome> {
  const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let stored = 0;
  const refused = new Map<RefusalReason, number>();
  const refuse = (reason: RefusalReason, count = 1): void =>
    void refused.set(reason, (refused.get(reason) ?? 0) + count);
  const writer = createPointWriter({ commit: () => void stored++, trimmed: () => refuse("trimmed") });
  const { app } = createDatakitApiReceiver({ version: "2", hostname: "h" }, {
    writer,
    begin: (kind) => writer.begin(kind, "datakit"),
    write: (draft) => writer.write(draft, "datakit"),
    refuse,
    log: createLogger({ level: "off" }),
    instanceId: () => "i",
    limits: { maxWireBytes: 1e8, maxInflatedBytes: 1e8, timeoutMs: 60_000 },
    now: () => 1_700_000_000_000,
  });
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const before = process.cpuUsage();
  const response = await app?.request(path, { method: "POST", body, headers: { "content-type": type } });
  const { user, system } = process.cpuUsage(before);
  clearInterval(timer);
  await response?.body?.cancel();
  const malformed = refused.get("malformed") ?? 0;
  return { status: response?.status ?? 0, stored, malformed, turns, cpuMs: (user + system) / 1000 };
}

/**
 * A turn each 20 ms is promised. Of CPU time, as other processes take of any other; the collector's threads use it as
 * well, and the body is read and made text in one go.
 */
function assertTurns({ turns, cpuMs }: Outcome): void {
  assert(turns >= Math.floor(cpuMs / 50) - 2, `${turns} turns in ${cpuMs} ms`);
}

/** A length-delimited protobuf field. */
function part(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const size: number[] = [];
  for (let rest = content.length; size.push(rest > 127 ? (rest & 127) | 128 : rest), rest > 127;) rest >>>= 7;
  return Uint8Array.from(Buffer.concat([Uint8Array.from([number * 8 + 2, ...size]), content]));
}

const bytes = (...list: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(list);
const repeat = (unit: Uint8Array, count: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.alloc(unit.length * count, unit));

const LINES = "text/plain";
const PROTOBUF = "application/protobuf";
const JSON_TYPE = "application/json";
const POINT = '{"name":"m","fields":{"f":1}}';
const MANY = 1_000_000;

const FLOODS: readonly (readonly [
  name: string,
  type: string,
  body: Uint8Array<ArrayBuffer> | string,
  status: number,
  stored: number,
  malformed: number,
])[] = [
  ["a million lines", LINES, "m f=1i\n".repeat(MANY), 200, MANY, 0],
  ["lines that are none", LINES, "m\n".repeat(MANY), 400, 0, MANY],
  ["empty lines", LINES, "\n".repeat(5 * MANY), 400, 0, 0],
  ["fields of one line", LINES, `m ${"f=1i,".repeat(2 * MANY)}f=1i\nm f=1`, 200, 1, 1],
  ["tags of one line", LINES, `m${",t=v".repeat(2 * MANY)} f=1i\nm f=1`, 200, 1, 1],
  ["values of one array", LINES, `m f=[${"1i,".repeat(2 * MANY)}1i]\nm f=1`, 200, 1, 1],
  ["empty points of protobuf", PROTOBUF, repeat(bytes(0x0a, 0), 800_000), 400, 0, 800_000],
  ["unknown members of protobuf", PROTOBUF, repeat(bytes(0x10, 0), 5 * MANY), 400, 0, 0],
  ["members of one point", PROTOBUF, part(1, repeat(bytes(0x12, 0), 10 * MANY)), 400, 0, 1],
  ["members of one field", PROTOBUF, part(1, part(2, repeat(bytes(0x10, 0), 10 * MANY))), 400, 0, 1],
  [
    "values of one array of protobuf",
    PROTOBUF,
    part(1, part(2, part(7, part(2, repeat(part(1, bytes(8, 1)), 5 * MANY))))),
    400,
    0,
    1,
  ],
  ["points of JSON", JSON_TYPE, `[${`${POINT},`.repeat(200_000)}${POINT}]`, 200, 200_001, 0],
  ["items of JSON that are no points", JSON_TYPE, `[${"1,".repeat(MANY)}1]`, 400, 0, MANY + 1],
  [
    "fields of one point of JSON",
    JSON_TYPE,
    `[{"name":"m","fields":{${'"f":1,'.repeat(MANY)}"g":1}},${POINT}]`,
    200,
    1,
    1,
  ],
  ["a list of JSON without an end", JSON_TYPE, `[${`${POINT},`.repeat(200_000)}`, 400, 0, 1],
];

for (const [name, type, body, status, stored, malformed] of FLOODS) {
  Deno.test(`the event loop runs while a long body is written: ${name}`, async () => {
    const outcome = await post("/v1/write/metric", type, body);
    assertEquals([outcome.status, outcome.stored, outcome.malformed], [status, stored, malformed]);
    assertTurns(outcome);
  });
}

Deno.test("a strict or dry write of a long body lets the event loop run, too", async () => {
  const body = "m f=1i\n".repeat(200_000);
  for (const [query, stored] of [["strict=1", 200_000], ["dry=1", 0], ["echo=lp", 200_000]] as const) {
    const outcome = await post(`/v1/write/metric?${query}`, LINES, body);
    assertEquals([outcome.status, outcome.stored], [200, stored], query);
    assertTurns(outcome);
  }
});

Deno.test("a strict write stores nothing of a body whose last point is none", async () => {
  const outcome = await post("/v1/write/metric?strict=1", LINES, `${"m f=1i\n".repeat(200_000)}m`);
  assertEquals([outcome.status, outcome.stored, outcome.malformed], [400, 0, 200_001]);
});
