/** A process in which `libc_test.ts` has the C library called. */
import { openLibc } from "../src/libc.ts";

const libc = openLibc();
/** Small enough to lie in the heap of the C library, which holds what lies between two of them. In bytes. */
const BLOCK_BYTES = 32 * 1024;
const BLOCKS = 2048;
const kept: Uint8Array[] = [];

function fill(): void {
  const blocks = Array.from({ length: BLOCKS }, () => new Uint8Array(BLOCK_BYTES).fill(1));
  blocks.forEach((block, index) => {
    if (index % 2 === 0) kept.push(block);
    else block.buffer.transfer(0);
  });
}

function refusal(call: () => unknown): string {
  try {
    call();
    return "allowed";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function answer(what: string): string {
  switch (what) {
    case "own":
      return String(libc?.ownBytes());
    case "drop":
      return String(libc?.dropPages());
    case "trim":
      return String(libc?.trim());
    case "fill":
      return String(fill());
    case "work":
      return JSON.stringify([Array.from({ length: 100 }, (_, n) => n).reduce((sum, n) => sum + n, 0)]);
    case "call":
      return refusal(() => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }));
    case "view":
      return refusal(() => Deno.UnsafePointer.create(4096n));
    default:
      throw new Error(`Cannot do ${what}`);
  }
}

for await (const what of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  await Deno.stdout.write(new TextEncoder().encode(`${answer(what)}\n`));
}
