/** What of one request was refused. */
export interface RequestSink {
  /** Counts data of the request that cannot be taken, with the first reason to tell the client. */
  reject(reason: string, count?: number): void;
  rejected(): number;
  /** The first reason, empty when nothing was rejected. */
  reason(): string;
}

/** A sink of one request. */
export function createRequestSink(): RequestSink {
  let rejected = 0;
  let reason = "";
  return {
    reject: (why, count = 1) => {
      rejected += count;
      if (reason === "") reason = why;
    },
    rejected: () => rejected,
    reason: () => reason,
  };
}
