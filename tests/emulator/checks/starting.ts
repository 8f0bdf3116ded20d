/** Registration, `next` and subscription. */
import type { SubscribeReply } from "../telemetry.ts";
import { startupsOf } from "../summary.ts";
import { type Check, type CheckResult, ms, verdict } from "./check.ts";

/** Best of this many starts: the others tell about the machine. */
const STARTS = 5;
const REGISTER_LIMIT_MS = 150;
const REPLIES: readonly SubscribeReply[] = [200, 202, 400, 404, 500, "closed"];

export const registers: Check = {
  number: 1,
  startsByItself: true,
  title: `registers within ${REGISTER_LIMIT_MS} ms of exec, once, under its file's name`,
  async run(harness): Promise<CheckResult> {
    const times: number[] = [];
    for (let n = 0; n < STARTS; n++) {
      await using stage = await harness.start({ initTimeoutMs: 5000 });
      const { status } = await stage.lambda.init();
      const { calls, violations, extensions } = stage.lambda;
      const registrations = calls.filter(({ call }) => call === "register");
      const [startup] = startupsOf(stage.lambda);
      if (registrations.length !== 1 || extensions.length !== 1 || startup?.registerMs === undefined) {
        const names = registrations.map(({ by }) => by).join(", ");
        return verdict(false, `${registrations.length} registrations (${names}), init ${status}`);
      }
      if (violations.length > 0) return verdict(false, violations.join("; "));
      times.push(startup.registerMs);
    }
    const best = Math.min(...times);
    return verdict(best <= REGISTER_LIMIT_MS, `${ms(best)}, best of ${STARTS}`);
  },
};

export const keepsNext: Check = {
  number: 2,
  title: "one `next` at a time, never given up, however long the freeze",
  waits: true,
  async run(harness): Promise<CheckResult> {
    const { freezeMs } = harness.options;
    const broken: string[] = [];
    for (const freeze of [true, false]) {
      await using stage = await harness.start({ freeze });
      const { lambda } = stage;
      await lambda.init();
      await lambda.invoke();
      await lambda.freeze(freezeMs);
      await lambda.invoke();
      broken.push(...lambda.violations.filter((text) => text.includes("next")));
    }
    return verdict(
      broken.length === 0,
      broken[0] ?? `kept over ${freezeMs} ms frozen and ${freezeMs} ms idle`,
    );
  },
};

export const survivesSubscription: Check = {
  number: 3,
  startsByItself: true,
  title: `works whatever the subscription is answered (${REPLIES.join(", ")})`,
  async run(harness): Promise<CheckResult> {
    const broken: string[] = [];
    for (const subscribeReply of REPLIES) {
      await using stage = await harness.start({ subscribeReply });
      const { lambda } = stage;
      const init = await lambda.init();
      const statuses = init.status === "success"
        ? [(await lambda.invoke()).status, (await lambda.invoke()).status]
        : [];
      const end = lambda.running ? await lambda.shutdown() : undefined;
      const fine = init.status === "success" && statuses.every((status) => status === "success") &&
        end?.exitCode === 0;
      if (!fine) {
        broken.push(`${subscribeReply}: init ${init.status}, ${statuses}, exit code ${end?.exitCode}`);
        // One that hangs takes its time each time.
        break;
      }
    }
    return verdict(broken.length === 0, broken.join("; ") || `${REPLIES.length} of ${REPLIES.length}`);
  },
};
