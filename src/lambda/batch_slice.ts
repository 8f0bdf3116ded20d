/** Time that a batch has until the event loop is to run. It does not wait behind others, as local clients' requests do. */
export interface BatchSlice {
  isOver(): boolean;
  pause(): Promise<void>;
}

/** A slice of so many ms that begins now. */
export function createBatchSlice(ms: number): BatchSlice {
  let endAt = performance.now() + ms;
  return {
    isOver: () => performance.now() >= endAt,
    pause: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      endAt = performance.now() + ms;
    },
  };
}
