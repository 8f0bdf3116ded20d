/**
 * How much a client asks of us beside calls that are answered: frames that cost us something and bring nothing, as
 * resets, pings and settings by the thousand.
 */
import { ConnectionError, ERROR } from "./http2_frames.ts";

export interface Strain {
  /** Counts a frame by its cost. Throws when it is too much. */
  add(cost: number): void;
  /** A call was answered: a client with many of them pings and resets more, too. */
  ease(): void;
}

/** A client that is well stays far below; one more than this at a time, or a second, is sent away. */
const MOST = 500;
const PER_SECOND = 50;
/** What an answered call makes up for. */
const EASE = 10;

export function createStrain(now: () => number = () => performance.now()): Strain {
  let strain = 0;
  let at = now();
  return {
    add: (cost) => {
      strain += cost;
      if (strain <= MOST) return;
      const seconds = (now() - at) / 1_000;
      at = now();
      strain = Math.max(0, strain - seconds * PER_SECOND);
      if (strain > MOST) {
        throw new ConnectionError(ERROR.enhanceYourCalm, "the client asks for much and does little");
      }
    },
    ease: () => void (strain = Math.max(0, strain - EASE)),
  };
}
