import { assertEquals } from "@std/assert";
import { createTraceRatio } from "../../src/pipeline/trace_ratio.ts";

Deno.test("createTraceRatio() keeps as many traces of 10,000 as the ratio says, whatever its binary form", () => {
  for (let kept = 0; kept <= 10_000; kept++) {
    const keeps = createTraceRatio(Number(`${kept}e-4`));
    if (kept > 0) assertEquals(keeps(BigInt(kept - 1)), true, `${kept - 1} of ${kept}`);
    if (kept < 10_000) assertEquals(keeps(BigInt(kept)), false, `${kept} of ${kept}`);
  }
  assertEquals([5699n, 5700n].map(createTraceRatio(0.57)), [true, false]);
});

Deno.test("createTraceRatio() looks at the low 64 bits only", () => {
  const keeps = createTraceRatio(0.5);
  for (const low of [0n, 4999n, 5000n, 2n ** 64n - 1n]) {
    assertEquals(keeps((0xabcdn << 64n) + low), keeps(low));
  }
  assertEquals(keeps(2n ** 64n - 1n), (2n ** 64n - 1n) % 10_000n < 5000n);
});
