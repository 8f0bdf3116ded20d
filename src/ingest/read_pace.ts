/** How much of all bodies together is read in one turn of the event loop: there may be hundreds of them at a time. */
import { nextTurn } from "../loop_turn.ts";

/**
 * What clients on the same machine send is there before it is asked for, so no turn of the loop comes by itself. So many
 * bytes take some 2 ms of CPU.
 */
const MOST_BYTES = 524_288;

let asked = 0;
/** The next turn, where enough was asked for in this one. */
let turn: Promise<void> | undefined;

/** Asks for so many bytes to be read: resolves once it is time; `undefined`, as a rule: they may be read at once. */
export function turnToRead(bytes: number): Promise<void> | undefined {
  asked += bytes;
  if (turn === undefined && asked <= MOST_BYTES) return undefined;
  return (turn ??= passTurn()).then(() => turnToRead(bytes));
}

/** So many of the bytes that were asked for did not come. */
export function didNotCome(bytes: number): void {
  asked = Math.max(0, asked - bytes);
}

async function passTurn(): Promise<void> {
  await nextTurn();
  turn = undefined;
  asked = 0;
}
