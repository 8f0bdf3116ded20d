/** A Dataway for many invocations: breaks by plan, keeps figures instead of bodies. */
import { gunzipSync } from "node:zlib";
import { type RawAnswer, type RawRequest, serveRaw } from "../emulator/dataway_http.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";

/** How uploads are met. Only `ok` takes them, so nothing is ever taken whose sender does not learn of it. */
export type Mode = "ok" | "hang" | "reset" | "503" | "429" | "413";

export interface SoakDataway extends AsyncDisposable {
  readonly url: string;
  mode: Mode;
  /** Points taken, without the extension's own. */
  readonly points: number;
  /** Numbers of the lines taken, each as often as it came. */
  readonly lines: readonly number[];
  /** Sums of the extension's own counters. */
  readonly own: ReadonlyMap<string, number>;
  readonly uploads: number;
  readonly refused: number;
}

/** A body above this many points is halved by a 413. */
const SPLIT_ABOVE_POINTS = 50;
const OWN_MEASUREMENT = "awslambda-extension";
const LINE = /line (\d+) of the soak/g;

/** Starts it on a free port of the loopback. */
export function startSoakDataway(): SoakDataway {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: number[] = [];
  const own = new Map<string, number>();
  /** Fires with each change of mode: what hangs is cut then. */
  let changed = Promise.withResolvers<void>();
  let mode: Mode = "ok";
  let points = 0;
  let uploads = 0;
  let refused = 0;
  let connections = 0;

  /** Whether the upload is small enough in mode 413. */
  function take({ target, body }: RawRequest): boolean {
    const decoded = decodeProtobuf(new Uint8Array(gunzipSync(body)));
    if (mode === "413" && decoded.length > SPLIT_ABOVE_POINTS) return false;
    const logging = target.includes("/v1/write/logging");
    for (const { measurement, fields } of decoded) {
      if (measurement !== OWN_MEASUREMENT) points++;
      else for (const [name, value] of fields) own.set(name, (own.get(name) ?? 0) + Number(value));
      if (!logging) continue;
      for (const [, number] of String(fields.get("message")).matchAll(LINE)) lines.push(Number(number));
    }
    return true;
  }

  async function answer(request: RawRequest): Promise<RawAnswer> {
    const met = mode;
    const respond = (status: number, headers: Record<string, string> = {}): RawAnswer => {
      if (status >= 300) refused++;
      return { kind: "respond", status, headers: new Headers(headers), body: "{}" };
    };
    uploads++;
    switch (met) {
      case "ok":
      case "413":
        return respond(take(request) ? 200 : 413);
      case "503":
        return respond(503);
      case "429":
        return respond(429, { "retry-after": "1" });
      case "hang":
        await changed.promise;
        break;
      case "reset":
        break;
      default:
        met satisfies never;
    }
    refused++;
    return { kind: "reset" };
  }

  const server = serveRaw(listener, answer, () => ++connections);
  return {
    url: `http://127.0.0.1:${listener.addr.port}?token=tkn_soak00000000000000000000000`,
    lines,
    own,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      changed.resolve();
      changed = Promise.withResolvers<void>();
    },
    get points() {
      return points;
    },
    get uploads() {
      return uploads;
    },
    get refused() {
      return refused;
    },
    [Symbol.asyncDispose]: async () => {
      changed.resolve();
      await server[Symbol.asyncDispose]();
    },
  };
}
