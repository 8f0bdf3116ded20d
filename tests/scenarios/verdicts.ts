import type { Sandbox } from "../support/sandbox.ts";

/** What Dataway was told of how a sandbox's requests ended, in sums. */
export interface Verdicts {
  readonly invocations: bigint;
  readonly errors: bigint;
  readonly timeouts: bigint;
  readonly outOfMemory: bigint;
  readonly coldStarts: bigint;
}

/** As they have arrived so far. */
export function verdicts({ sum }: Pick<Sandbox, "sum">): Verdicts {
  return {
    invocations: sum("invocations"),
    errors: sum("errors"),
    timeouts: sum("timeouts"),
    outOfMemory: sum("out_of_memory"),
    coldStarts: sum("cold_starts"),
  };
}

/** One invocation that succeeds, with the sandbox's first cold start. */
export const ONE: Verdicts = { invocations: 1n, errors: 0n, timeouts: 0n, outOfMemory: 0n, coldStarts: 1n };
