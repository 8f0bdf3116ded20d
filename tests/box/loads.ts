/** What local clients may throw at the extension: ordinary large bodies, bombs, stalled ones, and many at a time. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { createPayload } from "../bench/payloads.ts";

const MIB = 1024 * 1024;

/** Where a load is sent. */
export interface BoxPorts {
  readonly main: number;
  readonly otlpHttp: number;
}

export interface Load {
  readonly name: string;
  /** Makes it, which may take longer than sending it. */
  readonly prepare: () => SendAll;
}

/** Sends it, and resolves when all of it is answered, refused or given up: the statuses, 0 for none. */
export type SendAll = (ports: BoxPorts) => Promise<readonly number[]>;
type Send = (ports: BoxPorts) => Promise<number>;

/** A small request of each kind: after it decoders are loaded. */
export const WARM_UP: Load = {
  name: "warm-up",
  prepare: () => {
    const sends = [otlp(spans(MIB / 2), {}), lines(1_000), emptyPoints(10)];
    return (ports) => Promise.all(sends.map((send) => send(ports)));
  },
};

export const LOADS: readonly Load[] = [
  {
    name: "20 gzip bodies of 64 MiB each",
    prepare: () => many(20, otlp(gzipSync(new Uint8Array(64 * MIB)), { "content-encoding": "gzip" })),
  },
  {
    name: "20 zstd bodies of 16 MiB each",
    prepare: () => many(20, otlp(zstdCompressSync(new Uint8Array(16 * MIB)), { "content-encoding": "zstd" })),
  },
  {
    name: "20 gzip bodies of 7 MiB of spans each",
    prepare: () => many(20, otlp(gzipSync(spans(7 * MIB)), { "content-encoding": "gzip" })),
  },
  { name: "20 connections with 1 MiB of spans each", prepare: () => many(20, otlp(spans(MIB), {})) },
  { name: "1,000,000 lines in one body", prepare: () => many(1, lines(1_000_000)) },
  { name: "150,000 lines in one body", prepare: () => many(1, lines(150_000)) },
  { name: "20,000 lines in each of three bodies", prepare: () => many(3, lines(20_000)) },
  { name: "800,000 empty protobuf points in one body", prepare: () => many(1, emptyPoints(800_000)) },
  {
    name: "4,000,000 empty resource spans in one body",
    prepare: () => many(1, otlp(repeat(Uint8Array.of(0x0a, 0x00), 4_000_000), {})),
  },
  { name: "one text of 4 MiB", prepare: () => many(1, line(`m,k=v message="${"x".repeat(4 * MIB)}"`)) },
  {
    name: "a list with a text of 7 MiB that JSON writes with six times as many characters",
    // The points of 42 MiB go through a store that is full, beside the whole body.
    prepare: () => many(1, logs(listWith(new Uint8Array(7 * MIB).fill(1)))),
  },
  {
    name: "a point in JSON with a text of 7 MiB",
    prepare: () => many(1, jsonPoint('{"a":"', "é\\n", '"}')),
  },
  {
    name: "a point in JSON with 3,500,000 lists",
    prepare: () => many(1, jsonPoint("[", `${"[".repeat(98)}${"]".repeat(98)},`, "1]")),
  },
  {
    name: "a point in JSON with 20,000 objects whose members are to be put in order",
    prepare: () => many(1, jsonPoint("[", `{"2":"${"x".repeat(340)}","1":1},`, "1]")),
  },
  {
    name: "a point in JSON with a list of 45,000 texts and a number",
    prepare: () => many(1, jsonPoint("[", `"${"é".repeat(80)}",`, "1]")),
  },
  {
    name: "a point in JSON with a list of 45,000 texts",
    prepare: () => many(1, jsonPoint("[", `"${"é".repeat(80)}",`, '""]')),
  },
  {
    name: "2,400,000 empty log records of OTLP in JSON",
    prepare: () =>
      many(1, jsonLogs(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${"{},".repeat(2_400_000)}{}]}]}]}`)),
  },
  { name: "300 stalled bodies of 300 KB", prepare: () => stall(300, 300_000) },
];

function many(count: number, send: Send): SendAll {
  return (ports) => Promise.all(Array.from({ length: count }, () => send(ports)));
}

function post(
  port: keyof BoxPorts,
  path: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Send {
  return async (ports) => {
    try {
      const response = await fetch(`http://127.0.0.1:${ports[port]}${path}`, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(60_000),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  };
}

function otlp(body: Uint8Array, headers: Readonly<Record<string, string>>): Send {
  return post("otlpHttp", "/v1/traces", new Uint8Array(body), {
    "content-type": "application/x-protobuf",
    ...headers,
  });
}

function logs(body: Uint8Array): Send {
  return post("otlpHttp", "/v1/logs", new Uint8Array(body), { "content-type": "application/x-protobuf" });
}

function jsonLogs(text: string): Send {
  return post("otlpHttp", "/v1/logs", new TextEncoder().encode(text), { "content-type": "application/json" });
}

/** A request with one record, whose body is a list of one text. */
function listWith(text: Uint8Array): Uint8Array<ArrayBuffer> {
  // From the text outwards: the value of the list, the list, the body, the record, its scope, its resource.
  return [0x0a, 0x2a, 0x2a, 0x12, 0x12, 0x0a].reduce(
    (content, tag) => field(tag, content),
    field(0x0a, text),
  );
}

function field(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const head = [
    tag,
    length & 0x7f | 0x80,
    length >> 7 & 0x7f | 0x80,
    length >> 14 & 0x7f | 0x80,
    length >> 21,
  ];
  const all = new Uint8Array(head.length + length);
  all.set(head);
  all.set(content, head.length);
  return all;
}

/** Requests of 500 spans one behind the other, which are one request with all of them. */
function spans(atLeastBytes: number): Uint8Array<ArrayBuffer> {
  const { next } = createPayload("OTLP spans, protobuf");
  const one = next();
  const count = Math.floor(atLeastBytes / one.length);
  const all = new Uint8Array(count * one.length);
  for (let i = 0; i < count; i++) all.set(i === 0 ? one : next(), i * one.length);
  return all;
}

/** One point, whose field has 7 MiB of these units. */
function jsonPoint(before: string, unit: string, after: string): Send {
  const encoder = new TextEncoder();
  const units = unit.repeat(7 * MIB / encoder.encode(unit).length);
  const body = encoder.encode(`[{"measurement":"m","fields":{"message":${before}${units}${after}}}]`);
  return post("main", "/v1/write/logging", body, { "content-type": "application/json" });
}

function emptyPoints(count: number): Send {
  const body = repeat(Uint8Array.of(0x0a, 0x00), count);
  return post("main", "/v1/write/metric", body, { "content-type": "application/protobuf" });
}

function lines(count: number): Send {
  return line("m f=1i\n".repeat(count));
}

function line(text: string): Send {
  return post("main", "/v1/write/logging", new TextEncoder().encode(text), {});
}

/** Bodies that stop just before their end, for three seconds. */
function stall(count: number, bytes: number): SendAll {
  const head =
    `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${bytes}\r\n\r\n`;
  const begun = new Uint8Array([...new TextEncoder().encode(head), ...new Uint8Array(bytes - 1)]);
  return async ({ otlpHttp }) => {
    const open = new Set<Deno.Conn>();
    const sending = Array.from({ length: count }, async () => {
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: otlpHttp });
        open.add(connection);
        for (let sent = 0; sent < begun.length;) sent += await connection.write(begun.subarray(sent));
      } catch {
        // Ended by the extension, or by us below.
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    for (const connection of open) connection.close();
    await Promise.all(sending);
    return [];
  };
}

function repeat(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.length * count);
  for (let at = 0; at < all.length; at += bytes.length) all.set(bytes, at);
  return all;
}
