/**
 * The Telemetry API's endpoint. Always answers 200, as anything else makes the platform hold the batch back and
 * send it again: what could not be used is counted instead.
 * @see `tests/spec/lambda.md` 2
 */
import { Hono } from "@hono/hono";
import { describeError } from "@std/log";
import { settledBefore } from "../pipeline/deadline.ts";
import { takeOut } from "../pipeline/few.ts";
import type { ReceiverContext } from "../pipeline/receiver.ts";
import { TELEMETRY_PATHS } from "./telemetry_api.ts";
import { readTelemetryText } from "./telemetry_text.ts";

export interface TelemetryEndpointOptions extends Pick<ReceiverContext, "refuse" | "log"> {
  /** Takes a batch; resolves when all of it is taken. */
  readonly take: (text: string, sequenceId: string | undefined) => Promise<void>;
  /** Ends waiting for an end that may have been lost. */
  readonly releaseWaits: () => void;
}

export interface TelemetryEndpoint {
  readonly app: Hono;
  /** POSTs that came so far, of whatever content. */
  readonly batches: number;
  /** Whether a POST is not answered yet. */
  readonly isBusy: boolean;
  /** Resolves when all POSTs are answered, to `true`, or when the signal fires. Never rejects. */
  answered(signal: AbortSignal): Promise<boolean>;
}

export function createTelemetryEndpoint(options: TelemetryEndpointOptions): TelemetryEndpoint {
  const { refuse, log, take, releaseWaits } = options;
  const posts: Promise<void>[] = [];
  let batches = 0;

  async function takePost(request: Request, sequenceId: string | undefined): Promise<void> {
    try {
      const read = await readTelemetryText(request);
      if (read.ok) return await take(read.text, sequenceId);
      refuse(read.reason);
    } catch (error) {
      // A body that broke off: the platform will send it again.
      refuse("malformed");
      log.warn("A telemetry batch could not be read", { error: describeError(error) });
    }
    releaseWaits();
  }

  const app = new Hono();
  app.on("POST", TELEMETRY_PATHS, async (c) => {
    batches++;
    const post = takePost(c.req.raw, c.req.header("sequence-id") || undefined);
    posts.push(post);
    await post;
    takeOut(posts, post);
    return c.body(null, 200);
  });

  return {
    app,
    get batches() {
      return batches;
    },
    get isBusy() {
      return posts.length > 0;
    },
    answered: async (signal) => {
      // Behind an answer the platform may send the next one.
      while (posts.length > 0) if (!await settledBefore(Promise.all(posts), signal)) return false;
      return true;
    },
  };
}
