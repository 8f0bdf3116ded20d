import { describeError, type Logger } from "@std/log";
import type { Receiver } from "./receiver.ts";

/**
 * Has all receivers hand on what they gathered. Whoever asks while that goes on gets the same promise: of several who
 * flush at a time each has all of it in its store. Never rejects: what fails costs only itself.
 */
export function createCollection(receivers: () => readonly Receiver[], log: Logger): () => Promise<void> {
  let collecting: Promise<void> | undefined;

  async function collectFrom(receiver: Receiver): Promise<void> {
    try {
      await receiver.collect?.();
    } catch (error) {
      log.error(`Aggregates of ${receiver.name} were lost as collecting them failed`, {
        error: describeError(error),
      });
    }
  }

  return () => {
    collecting ??= Promise.all(receivers().map(collectFrom)).then(() => void (collecting = undefined));
    return collecting;
  };
}
