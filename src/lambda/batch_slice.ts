import { nextTurn } from "../loop_turn.ts";

/** Time that a batch has until the event loop is to run. It does not wait behind others, as local clients' requests do. */
export interface BatchSlice {
  isOver(): boolean;
  pause(): Promise<void>;
}

/**
 * A slice of so many ms that begins now. By the clock that costs a fifth of `performance.now`, as it is looked at for each
 * line; one that is set back ends the slice.
 */
export function createBatchSlice(ms: number): BatchSlice {
  let beganAt = Date.now();
  return {
    isOver: () => {
      const passedMs = Date.now() - beganAt;
      return passedMs >= ms || passedMs < 0;
    },
    pause: async () => {
      await nextTurn();
      beganAt = Date.now();
    },
  };
}
