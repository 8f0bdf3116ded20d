import { nextTurn } from "../../loop_turn.ts";
import type { TimeSlice } from "../../time_slice.ts";

/**
 * Packets may keep the event loop so long at a time, in ms. The runtime hands out up to 128 waiting ones within one
 * turn of it, each of which may begin a hundred series.
 */
const BUSY_MS = 5;
/**
 * Who waited longer for bytes has let the loop run, in ms: a packet that is there is handed out in 0.003 to 0.01, 16 KB
 * of a stream in up to 0.07.
 */
export const WAITED_MS = 0.1;

/** Time for packets that come one behind the other. */
export interface PacketSlice extends TimeSlice {
  /** A packet has come. */
  taken(): void;
}

/** Not one that waits for the slices of others, twenty requests perhaps: nobody slows down who sends packets. */
export function createPacketSlice(): PacketSlice {
  let endAt = -Infinity;
  let lookedAt = -Infinity;
  return {
    taken: () => {
      const now = performance.now();
      if (now - lookedAt > WAITED_MS) endAt = now + BUSY_MS;
    },
    isOver: () => {
      lookedAt = performance.now();
      return lookedAt >= endAt;
    },
    pause: async () => {
      await nextTurn();
      lookedAt = performance.now();
      endAt = lookedAt + BUSY_MS;
    },
  };
}
