/** Telemetry as the platform posts it: bodies made up front, sent over one connection that is kept. */

export interface TelemetryConnection extends Disposable {
  /** Posts one body. Resolves when the answer is there; throws when it is not 200. */
  post(body: Uint8Array): Promise<void>;
}

/** Opens a connection to the listener. Plain sockets: a full client would cost more than what is measured. */
export async function connectTelemetry(url: string): Promise<TelemetryConnection> {
  const { hostname, port, pathname } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  connection.setNoDelay(true);
  const answer = new Uint8Array(4096);
  const decoder = new TextDecoder();
  let posts = 0;
  return {
    post: async (body) => {
      const head = `POST ${pathname} HTTP/1.1\r\nHost: sandbox.localdomain:${port}\r\n` +
        // The same body many times over is another batch each time.
        `Sequence-Id: ${posts++}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      const headBytes = new TextEncoder().encode(head);
      const request = new Uint8Array(headBytes.length + body.length);
      request.set(headBytes);
      request.set(body, headBytes.length);
      for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));
      const status = decoder.decode(answer.subarray(0, await connection.read(answer) ?? 0)).slice(0, 12);
      if (status !== "HTTP/1.1 200") throw new Error(`Cannot go on as the listener answered: ${status}`);
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

/** Begin (at `startedMs`, Unix time) and end of an invocation, with one line of the function between them. */
export function invocationBody(requestId: string, startedMs: number = Date.now()): Uint8Array {
  const time = new Date().toISOString();
  return toBody([
    {
      time: new Date(startedMs).toISOString(),
      type: "platform.start",
      record: { requestId, version: "$LATEST" },
    },
    { time, type: "function", record: `${time}\t${requestId}\tINFO\torder 4711 taken\n` },
    {
      time,
      type: "platform.runtimeDone",
      record: {
        requestId,
        status: "success",
        spans: [{ name: "responseLatency", start: time, durationMs: 1.2 }],
        metrics: { durationMs: 12.3, producedBytes: 53 },
      },
    },
  ]);
}

/** The report, which comes with a later batch. */
export function reportBody(requestId: string): Uint8Array {
  return toBody([{
    time: new Date().toISOString(),
    type: "platform.report",
    record: {
      requestId,
      status: "success",
      metrics: { durationMs: 14.2, billedDurationMs: 15, memorySizeMB: 1024, maxMemoryUsedMB: 97 },
    },
  }]);
}

/** What a function writes: text, JSON as text (in the log format Text), or JSON that Lambda passes on as a record. */
export type LineKind = "text" | "JSON text" | "record";

/** `count` lines of the function that fill about `bytes` together, as the largest batch of a subscription does. */
export function linesBody(
  requestId: string,
  count: number,
  bytes: number,
  kind: LineKind = "text",
): Uint8Array {
  const time = new Date().toISOString();
  const recordOf = (index: number, filler: string): unknown => {
    const text = `line ${String(index).padStart(6, "0")} ${filler}`;
    if (kind === "text") return `${time}\t${requestId}\tINFO\t${text}\n`;
    const record = {
      level: "info",
      time: Date.now(),
      requestId,
      order: index,
      cart: { items: 3 },
      message: text,
    };
    return kind === "record" ? record : `${JSON.stringify(record)}\n`;
  };
  const event = (index: number, filler: string): unknown => ({
    time,
    type: "function",
    record: recordOf(index, filler),
  });
  const plain = toBody(Array.from({ length: count }, (_, index) => event(index, ""))).length;
  const filler = "the quick brown fox jumps over the lazy dog, ".repeat(20)
    .slice(0, Math.max(0, Math.floor((bytes - plain) / count)));
  return toBody(Array.from({ length: count }, (_, index) => event(index, filler)));
}

function toBody(events: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(events));
}
