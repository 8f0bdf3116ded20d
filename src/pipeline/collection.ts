import { describeError, type Logger } from "@std/log";
import type { Receiver } from "./receiver.ts";

/**
 * Has all receivers hand on what they gathered; `undefined` where none of them takes time for it. Whoever asks while it
 * goes on gets the same promise: of several who flush at a time each has all of it in its store. Never rejects: what
 * fails costs only itself.
 */
export function createCollection(
  receivers: () => readonly Receiver[],
  log: Logger,
): () => Promise<void> | undefined {
  let collecting: Promise<void> | undefined;

  function collectFrom(receiver: Receiver): Promise<void> | undefined {
    try {
      const gathered = receiver.collect?.();
      return gathered instanceof Promise ? gathered.catch((error) => tellLost(receiver, error)) : undefined;
    } catch (error) {
      tellLost(receiver, error);
      return undefined;
    }
  }

  function tellLost({ name }: Receiver, error: unknown): void {
    log.error(`Aggregates of ${name} were lost as collecting them failed`, { error: describeError(error) });
  }

  return () => {
    if (collecting !== undefined) return collecting;
    const slow = receivers().map(collectFrom).filter((gathered) => gathered !== undefined);
    if (slow.length === 0) return undefined;
    collecting = Promise.all(slow).then(() => void (collecting = undefined));
    return collecting;
  };
}
