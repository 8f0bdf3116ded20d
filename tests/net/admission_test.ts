import { assert, assertEquals } from "@std/assert";
import { type Admission, admit, createAdmission, shareOf } from "../../src/net/admission.ts";
import { createReclaimer } from "../../src/reclaimer.ts";
import { type FakeTime, installFakeTime } from "../support/fake_time.ts";

async function pass(time: FakeTime, ms: number): Promise<void> {
  let over = false;
  time.outside(ms, () => void (over = true));
  while (!over) await time.step();
  await time.settle();
}

/** What became of a wait so far. */
async function stateOf(taking: Promise<boolean>): Promise<boolean | "waits"> {
  return await Promise.race([taking, Promise.resolve("waits" as const).then((state) => state)]);
}

Deno.test("createAdmission() lets bodies wait for each other's room, in their order", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const [first, second, third] = [admission.open(), admission.open(), admission.open()];
  assert(await first.take(60));
  const waiting = [second.take(50), third.take(10)];
  await pass(time, 100);
  assertEquals(await Promise.all(waiting.map(stateOf)), ["waits", "waits"]);
  first.give(20);
  await pass(time, 0);
  assertEquals(await Promise.all(waiting.map(stateOf)), [true, true]);
  assertEquals(admission.heldBytes, 100);
  first.close();
  second.close();
  second.close();
  assertEquals(admission.heldBytes, 10);
});

Deno.test("createAdmission() always lets the eldest body go on, so that none wait for ever", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const bodies = Array.from({ length: 10 }, () => admission.open());
  const done = bodies.map(async (body) => {
    for (let taken = 0; taken < 300; taken += 10) {
      if (!await body.take(10)) return false;
    }
    body.close();
    return true;
  });
  await pass(time, 10);
  assertEquals(await Promise.all(done), bodies.map(() => true));
  assertEquals([admission.heldBytes, admission.refused], [0, 0]);
});

Deno.test("createAdmission() holds all but the eldest body to the budget", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const eldest = admission.open();
  await eldest.take(10);
  for (let index = 0; index < 20; index++) void admission.open().take(30);
  await pass(time, 0);
  assertEquals(admission.heldBytes, 100);
  await eldest.take(500);
  assertEquals(admission.heldBytes, 600);
});

Deno.test("createAdmission() refuses what waits too long in all, and more that waits than it may", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const eldest = admission.open();
  await eldest.take(100);
  const other = admission.open();
  const late = other.take(1);
  const crowd = Array.from({ length: 63 }, () => admission.open().take(1));
  assertEquals(await admission.open().take(1), false);
  await pass(time, 4_999);
  assertEquals(await stateOf(late), "waits");
  await pass(time, 1);
  assertEquals(await late, false);
  assertEquals(await Promise.all(crowd), crowd.map(() => false));
  assertEquals(admission.refused, 65);
  const again = other.take(1);
  await pass(time, 0);
  assertEquals(await again, false);
});

Deno.test("createAdmission() gives up a body that stands still while others wait, and no other", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const [stalled, moving, whole, waits] = [1, 2, 3, 4].map(() => admission.open());
  const givenUp: string[] = [];
  assert(stalled && moving && whole && waits);
  whole.receiving(() => givenUp.push("whole"));
  await whole.take(20);
  whole.received();
  stalled.receiving(() => {
    givenUp.push("stalled");
    stalled.close();
  });
  await stalled.take(50);
  moving.receiving(() => givenUp.push("moving"));
  await moving.take(10);
  await pass(time, 3_000);
  assertEquals(givenUp, []);
  waits.receiving(() => givenUp.push("waits"));
  const waiting = waits.take(40);
  await pass(time, 200);
  await moving.take(10);
  await pass(time, 100);
  assertEquals(givenUp, ["stalled"]);
  assertEquals(await waiting, true);
});

Deno.test("createAdmission() collects garbage when much of it has come together, and gives memory back when nothing comes", async () => {
  using time = installFakeTime();
  const calls: string[] = [];
  let rssBytes = 60_000_000;
  let returnedBytes = 0;
  let storedBytes = 0;
  const heap = {
    usedBytes: () => rssBytes,
    residentBytes: () => rssBytes,
    collect: () => void calls.push("collect"),
    compact: () => void calls.push("compact"),
    trim: () => {
      calls.push("trim");
      rssBytes -= returnedBytes;
    },
    dropPages: () => {},
  };
  using reclaimer = createReclaimer({ heap, storedBytes: () => storedBytes });
  // What the start needed.
  await pass(time, 1_010);
  assertEquals(calls.splice(0), ["trim"]);
  const admission = createAdmission({ maxBytes: 8_000_000, reclaimer });
  const body = admission.open();
  for (let index = 0; index < 3; index++) {
    await body.take(1_900_000);
    body.give(1_900_000);
  }
  await body.take(1);
  assertEquals(calls, [], "not beside the work of a body");
  await pass(time, 1);
  assertEquals(calls, ["collect", "trim"]);
  await body.take(2_000_000);
  body.spare(2_000_000);
  await body.take(1_100_000);
  await pass(time, 5_000);
  assertEquals(calls, ["collect", "trim"]);
  body.close();
  await pass(time, 900);
  assertEquals(calls, ["collect", "trim"]);
  await pass(time, 5_000);
  assertEquals(calls, ["collect", "trim", "collect", "trim"]);

  // A body of little garbage, whose points have grown the process: tried three times, and then it is as it is.
  for (const [grownBytes, tries] of [[5_000_000, 0], [5_000_000, 3], [5_000_000, 0]] as const) {
    calls.length = 0;
    rssBytes += grownBytes;
    await smallBody();
    await pass(time, 60_000);
    assertEquals(calls.length, tries * 2);
  }

  // What comes back is looked for again.
  calls.length = 0;
  rssBytes += 20_000_000;
  returnedBytes = 10_000_000;
  await smallBody();
  await pass(time, 1_500);
  assertEquals([calls.length, rssBytes], [2, 85_000_000]);
  await pass(time, 60_000);
  assertEquals([calls.length, rssBytes], [4, 75_000_000]);

  // Data that is held explains what it takes, and does not come back; with the data gone the rest does.
  calls.length = 0;
  rssBytes += 20_000_000;
  storedBytes = 20_000_000;
  await smallBody();
  await pass(time, 60_000);
  assertEquals(calls.length, 0);
  storedBytes = 0;
  await smallBody();
  await pass(time, 60_000);
  assertEquals([calls.length, rssBytes], [4, 75_000_000]);

  // A large body finds the process as small as it can be; the next one soon after it is not worth another look.
  calls.length = 0;
  rssBytes += 10_000_000;
  await largeBody();
  await pass(time, 1);
  await largeBody();
  await pass(time, 1);
  assertEquals([calls.length, rssBytes], [2, 75_000_000]);

  async function largeBody(): Promise<void> {
    const large = admission.open();
    await large.take(500_000);
    await large.take(600_000);
    large.spare(1_100_000);
    large.close();
  }

  async function smallBody(): Promise<void> {
    const small = admission.open();
    await small.take(100);
    small.close();
  }
});

Deno.test("createAdmission() counts what was reserved only once, and gives back what was not needed", async () => {
  using time = installFakeTime();
  const admission = createAdmission({ maxBytes: 100 });
  const [body, other] = [admission.open(), admission.open()];
  assert(await body.reserve(80));
  assert(await body.take(30));
  assertEquals(admission.heldBytes, 80);
  const waiting = other.take(60);
  await pass(time, 0);
  assertEquals(await stateOf(waiting), "waits");
  assert(await body.reserve(0));
  await pass(time, 0);
  assertEquals([await stateOf(waiting), admission.heldBytes], [true, 90]);
  assert(await body.reserve(5));
  assert(await body.take(7));
  assertEquals(admission.heldBytes, 97);
});

Deno.test("createAdmission() gives nothing to a body that is over", async () => {
  const admission = createAdmission({ maxBytes: 100 });
  const body = admission.open();
  await body.take(10);
  body.close();
  assertEquals([await body.take(10), await body.reserve(10), admission.heldBytes], [false, false, 0]);
  assert(await admission.open().take(100));
});

Deno.test("createAdmission() lets a body wait while the store fills, and never for long", async () => {
  using time = installFakeTime();
  let isFilling = false;
  const body = createAdmission({ maxBytes: 100, isFilling: () => isFilling }).open();
  const waitedMs = async (until: (ms: number) => boolean): Promise<number> => {
    let isOver = false;
    void body.turn().then(() => isOver = true);
    let ms = 0;
    for (await time.settle(); !isOver; ms++) {
      isFilling = !until(ms);
      await pass(time, 1);
    }
    return ms;
  };
  assertEquals(await waitedMs(() => false), 0);
  isFilling = true;
  assertEquals(await waitedMs((ms) => ms >= 42), 45);
  isFilling = true;
  assertEquals(await waitedMs(() => false), 250);
});

Deno.test("admit() counts what is read of a request in one share, until it is answered", async () => {
  const admission: Admission = createAdmission({ maxBytes: 100 });
  const source = {};
  const answer = await admit(admission, source, async () => {
    await shareOf(source).take(70);
    return admission.heldBytes;
  });
  assertEquals([answer, admission.heldBytes], [70, 0]);
  assertEquals(await admit(admission, null, () => "no body"), "no body");
});
