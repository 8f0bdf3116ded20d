import { assert } from "@std/assert";
import { createLogger } from "@std/log";
import type { StatsdConfig } from "../../../src/config/statsd.ts";
import { createStatsdReceiver, type StatsdReceiver } from "../../../src/ingest/statsd/receiver.ts";
import { createSockets } from "../../../src/net/sockets.ts";
import type { ListenOptions } from "../../../src/pipeline/receiver.ts";
import type { Point } from "../../../src/point/point.ts";
import { createRecordingIntake } from "../../support/points.ts";
import { testPool } from "../../support/connection_pool.ts";
import { statsdConfig } from "./config_fixture.ts";

const NOW = 1_700_000_000_000;
export const LOOPBACK = [{ hostname: "127.0.0.1", port: 0 }];

export function listenOptions(): ListenOptions {
  return { pool: testPool(), sockets: createSockets() };
}

export interface Harness {
  readonly receiver: StatsdReceiver;
  readonly points: Point[];
  readonly refused: string[];
  readonly refusedByWriter: ReadonlyMap<string, number>;
  readonly logged: string[];
}

/** A receiver and what came of it. `onRefused`: told of each bad line before the next is looked at. */
export function harness(parts: Partial<StatsdConfig> = {}, onRefused = (): void => {}): Harness {
  const intake = createRecordingIntake("statsd");
  const refused: string[] = [];
  const logged: string[] = [];
  const receiver = createStatsdReceiver(statsdConfig(parts), {
    ...intake,
    refuse: (reason, count) => {
      refused.push(`${reason} ${count}`);
      onRefused();
    },
    log: createLogger({ write: (line) => logged.push(line) }),
    instanceId: () => "instance-1",
    limits: { maxWireBytes: 1e6, maxInflatedBytes: 1e6, timeoutMs: 1000 },
    now: () => NOW,
  });
  return { receiver, points: intake.points, refused, refusedByWriter: intake.refused, logged };
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function portOf(address: Deno.Addr | undefined): number {
  assert(address !== undefined && "port" in address);
  return address.port;
}
