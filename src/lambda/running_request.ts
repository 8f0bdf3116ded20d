/** Which request runs, as telemetry tells it: what is written meanwhile without an id belongs to that request. */
export interface RunningRequest {
  /** A request began. */
  begin(requestId: string, startNs: bigint): void;
  /** The request that ran at a time; `undefined` before the first. */
  at(timeNs: bigint): string | undefined;
  /** Nothing runs any more. */
  reset(): void;
}

interface Began {
  readonly requestId: string;
  readonly startNs: bigint;
}

/** Nothing runs yet. */
export function createRunningRequest(): RunningRequest {
  let current: Began | undefined;
  let previous: Began | undefined;
  return {
    begin: (requestId, startNs) => {
      if (current !== undefined && startNs < current.startNs) previous = { requestId, startNs };
      else if (current?.requestId !== requestId || current.startNs !== startNs) {
        [previous, current] = [current, { requestId, startNs }];
      }
    },
    at: (timeNs) => {
      // A line may come after the next request's start, as pipes are slow: written before it, it is the last one's.
      const isLate = current !== undefined && previous !== undefined && timeNs < current.startNs;
      return (isLate ? previous : current)?.requestId;
    },
    reset: () => void (previous = current = undefined),
  };
}
