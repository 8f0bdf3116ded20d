import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { AwsError } from "../../../layer/deploy/aws_error.ts";
import { createPace, type Pace } from "../../../layer/deploy/pace.ts";

const throttled = (): AwsError => new AwsError("x", "TooManyRequestsException", true, "lambda:GetFunction");
const denied = (): AwsError => new AwsError("x", "AccessDeniedException", false, "lambda:GetFunction");
const broken = (): AwsError => new AwsError("x", "ServiceException", true, "lambda:GetFunction");

/** A pace whose clock moves by its sleeping only. */
function paceOf(perSecond: number): { readonly pace: Pace; readonly now: () => number } {
  let time = 0;
  const now = (): number => time;
  const sleep = (ms: number): Promise<void> => {
    time += ms;
    return Promise.resolve();
  };
  return { pace: createPace({ perSecond, now, sleep, random: () => 1 }), now };
}

Deno.test("createPace starts no more calls a second than it may", async () => {
  const { pace, now } = paceOf(10);
  const started: number[] = [];
  for (let call = 0; call < 25; call++) await pace.run(() => Promise.resolve(started.push(now())));
  assertEquals(started.slice(0, 3), [0, 100, 200]);
  assertEquals(now(), 2400);
});

Deno.test("createPace repeats a throttled call until it is taken, whatever else may be repeated", async () => {
  for (const isRepeatable of [true, false]) {
    const { pace } = paceOf(10);
    let tries = 0;
    const call = (): Promise<string> => ++tries < 5 ? Promise.reject(throttled()) : Promise.resolve("taken");
    assertEquals([await pace.run(call, isRepeatable), tries], ["taken", 5]);
  }
});

Deno.test("createPace repeats other passing errors only of calls that may be made twice", async () => {
  const { pace } = paceOf(10);
  let tries = 0;
  const call = (): Promise<string> => ++tries < 3 ? Promise.reject(broken()) : Promise.resolve("done");
  assertEquals(await pace.run(call), "done");
  tries = 0;
  await assertRejects(() => pace.run(call, false), AwsError);
  assertEquals(tries, 1);
});

Deno.test("createPace gives up what was denied at once, and what is throttled without end at last", async () => {
  const { pace } = paceOf(10);
  let tries = 0;
  const refused = (error: AwsError) => (): Promise<never> => {
    tries++;
    return Promise.reject(error);
  };
  await assertRejects(() => pace.run(refused(denied())), AwsError);
  assertEquals(tries, 1);
  tries = 0;
  await assertRejects(() => pace.run(refused(throttled())), AwsError);
  assertEquals(tries, 8);
});

Deno.test("createPace gets every call through a quota below its own pace", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 120 }),
    async (quota, calls) => {
      const { pace, now } = paceOf(10);
      let tokens = 1;
      let filledAt = 0;
      const call = (): Promise<void> => {
        tokens = Math.min(1, tokens + (now() - filledAt) * quota / 1000);
        filledAt = now();
        if (tokens < 1) return Promise.reject(throttled());
        tokens -= 1;
        return Promise.resolve();
      };
      for (let each = 0; each < calls; each++) await pace.run(call);
    },
  ));
});
