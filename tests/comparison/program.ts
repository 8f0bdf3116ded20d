/**
 * The program's own way from a request to the bytes of an upload, without sockets where it can be: all receivers on
 * one app, the intake, both content encodings, read back by decoders that share nothing with it.
 */
import { createLogger } from "@std/log";
import { createMainApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { createReceivers } from "../../src/ingest/mod.ts";
import { createIntakeHub, type IntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import type { Receiver } from "../../src/pipeline/receiver.ts";
import { type CommonTags, createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { Category, Source } from "../../src/point/point.ts";
import { POINT_FRAME_BYTES, putFramed, UNKNOWN_MASK } from "../../src/point/point_range.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { TELEMETRY_PATH } from "../../src/lambda/telemetry_api.ts";
import { openTelemetry } from "../lambda/open_telemetry.ts";
import { callGrpc } from "../ingest/otlp/grpc_client.ts";
import { listenHttp } from "../support/http_listener.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";
import type { Input, Request } from "./input.ts";
import { type Outcome, pointText } from "./outcome.ts";

/** 2026-11-26T00:00:00Z: after everything that was recorded. */
const NOW_MS = 1_795_651_200_000;
/** Tags of every upload; points that have one of the keys keep their own. */
const COMMON = new Map([["host", "common-host"], ["team", "core"], ["aws_region", "eu-west-1"]]);

/** A point as the store gets it. */
interface StoredPoint {
  readonly source: Source;
  readonly category: Category;
  readonly bytes: Uint8Array;
  readonly mask: number;
}

/** Feeds an input to a new program and tells all that came of it. */
export async function run(input: Input): Promise<Outcome> {
  const isTelemetry = input.requests.some((request) => "path" in request && request.path === TELEMETRY_PATH);
  return isTelemetry ? await runTelemetry(input) : await runReceivers(input);
}

/** Lambda's own posts, by the receiver that the tests of its folder open. */
async function runTelemetry({ requests }: Input): Promise<Outcome> {
  const telemetry = openTelemetry({ globalTags: COMMON });
  const answers: string[] = [];
  for (const request of requests) {
    if ("path" in request) answers.push(`${await telemetry.post(String(request.body))}`);
  }
  const stored = telemetry.points.map((point): StoredPoint => ({
    source: "telemetry",
    category: point.category,
    bytes: encodePoint(point),
    mask: UNKNOWN_MASK,
  }));
  const refused = Array.from(telemetry.refused, ([reason, count]) => `telemetry ${reason} ${count}`).sort();
  return { answers, refused, ...encode(stored, encodeCommonTags(COMMON, createCommonKeys(COMMON.keys()))) };
}

async function runReceivers(input: Input): Promise<Outcome> {
  const commonKeys = createCommonKeys(COMMON.keys());
  const ledger = createLedger();
  const stored: StoredPoint[] = [];
  const hub = createIntakeHub({
    store: {
      append: (source, category, bytes, length, mask): void => {
        stored.push({ source, category, bytes: bytes.slice(0, length), mask });
      },
    },
    ledger,
    commonKeys,
  });
  const receivers = openReceivers(input, hub);
  const answers = await send(receivers, input.requests);
  for (const receiver of receivers) await receiver.collect?.();
  const refused = ledger.refusals().map(({ source, reason, count }) => `${source} ${reason} ${count}`).sort();
  return { answers, refused, ...encode(stored, encodeCommonTags(COMMON, commonKeys)) };
}

function openReceivers({ env = {} }: Input, hub: IntakeHub): readonly Receiver[] {
  const { config } = parseConfig({
    ENV_DEFAULT_ENABLED_INPUTS: "ddtrace,opentelemetry,statsd",
    ENV_INPUT_OTEL_GRPC: "127.0.0.1:0",
    ...env,
  });
  return createReceivers({
    config,
    context: (source) => ({
      ...hub.of(source),
      log: createLogger({ level: "off" }),
      limits: config.core.bodyLimits,
      now: () => NOW_MS,
      instanceId: () => "instance-1",
    }),
    version: "2.0.0",
    hostname: "own-host",
    expectsDatadog: false,
    requestFlush: () => {},
  }).receivers;
}

/** Sends requests one after the other, and tells their answers. */
async function send(receivers: readonly Receiver[], requests: readonly Request[]): Promise<string[]> {
  const app = createMainApp(receivers);
  const answers: string[] = [];
  for (const request of requests) {
    if ("grpc" in request) {
      const answer = await callOnSocket(receivers, request.grpc, request.body);
      answers.push(answer);
      continue;
    }
    // Datagrams come in by the route that tracers send them to: no socket is needed.
    const { path, method = "POST", headers = {}, body } = "packet" in request
      ? { path: "/dogstatsd/v2/proxy", body: request.packet }
      : request;
    const response = await app.request(`http://127.0.0.1:9529${path}`, { method, headers, body });
    const type = response.headers.get("content-type") ?? "";
    const bytes = await response.bytes();
    const isText = type === "" || /json|text/.test(type);
    const text = isText ? new TextDecoder().decode(bytes) : bytes.toHex();
    answers.push(`${response.status} ${type} ${text}`.trim());
  }
  return answers;
}

async function callOnSocket(
  receivers: readonly Receiver[],
  path: string,
  body: Uint8Array,
): Promise<string> {
  const calls = receivers.find(({ name }) => name === "otlp")?.calls;
  if (calls === undefined) throw new Error("Cannot call OTLP/gRPC as it is off");
  await using server = listenHttp({ calls });
  const { code, message = "", body: answer } = await callGrpc(server.port, [body], { ":path": path });
  return `gRPC ${code} ${message} ${answer.toHex()}`;
}

/** The points in order, as bodies of both encodings have them. */
function encode(stored: readonly StoredPoint[], common: CommonTags): { v1: string[]; v2: string[] } {
  const v1: string[] = [];
  const v2: string[] = [];
  for (const { source, category, bytes, mask } of stored) {
    const framed = new Uint8Array(bytes.length + POINT_FRAME_BYTES);
    const end = putFramed(framed, 0, bytes, bytes.length);
    const range = { bytes: framed, ends: Int32Array.of(end), masks: Int32Array.of(mask), from: 0, to: 1 };
    const points = { category, ranges: [range] };
    // Metrics of our own time are moved by less than a millisecond, by chance.
    const stepNs = category === "metric" && source !== "otlp" && source !== "datakit" ? 1_000_000n : 1n;
    for (const point of decodeProtobuf(ENCODINGS.v2.encode(points, common))) {
      v2.push(pointText(category, point, stepNs));
    }
    for (const point of decodeLineProtocol(ENCODINGS.v1.encode(points, common))) {
      v1.push(pointText(category, point, stepNs));
    }
  }
  return { v1, v2 };
}
