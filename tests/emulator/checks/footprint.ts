/** What an extension leaves behind: lines, files, descriptors, and traffic after a thaw. */
import { nowMs, sleep } from "../waiters.ts";
import { type Check, type CheckResult, notApplicable, type Stage, verdict } from "./check.ts";

/** Lines of its own for each thousand invocations, in the customer's log group. */
const LINES_PER_THOUSAND = 5;
const MAX_DESCRIPTORS = 256;
/** The number in Lambda's `sbx_user1051`. */
const SANDBOX_USER = 1051;
/** Requests to the platform and to the back end in the first second after a thaw. */
const STORM_LIMIT = 25;
/** A gap that clients notice, in ms. */
const GAP_MS = 6000;

export const staysQuiet: Check = {
  number: 13,
  title: `prints ${LINES_PER_THOUSAND} lines per 1000 invocations at most, and none per batch`,
  async run(harness): Promise<CheckResult> {
    const invocations = harness.options.quick ? 20 : 200;
    await using stage = await harness.start();
    const { lambda } = stage;
    await lambda.init();
    for (let n = 0; n < invocations; n++) await lambda.invoke({ logs: [`line ${n}`] });
    await lambda.shutdown();
    const lines = lambda.logs.filter(({ source }) => source === "extension").length;
    // A few lines at the start are few in a thousand invocations too.
    return verdict(lines <= LINES_PER_THOUSAND, `${lines} lines in ${invocations} invocations`);
  },
};

export const keepsToTmp: Check = {
  number: 14,
  title:
    `writes under /tmp only, runs as user ${SANDBOX_USER} without HOME, ${MAX_DESCRIPTORS} descriptors at most`,
  async run(harness): Promise<CheckResult> {
    if (typeof harness.options.extension !== "string") return notApplicable("it is no process of its own");
    if (Deno.build.os !== "linux") return notApplicable("only Linux tells");
    const folder = await Deno.makeTempDir({ prefix: "extensions-" });
    try {
      const asUser = Deno.uid() === 0;
      const extension = asUser ? await copyTo(folder, harness.options.extension) : harness.options.extension;
      await using stage = await harness.start({ extension, ...(asUser ? { userId: SANDBOX_USER } : {}) });
      return await watch(stage, asUser);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

export const survivesClockGap: Check = {
  number: 16,
  title: "a gap in the clock (thaw) starts no storm of timers and tells no negative durations",
  waits: true,
  async run(harness): Promise<CheckResult> {
    const gapMs = Math.max(harness.options.freezeMs, GAP_MS);
    await using stage = await harness.start();
    const { lambda, backEnd } = stage;
    await lambda.init();
    for (let n = 0; n < 3; n++) await lambda.invoke({ logs: ["before"] });
    await lambda.freeze(gapMs);
    const before = lambda.calls.length + backEnd.requests;
    const { status } = await lambda.invoke({ sleepMs: 1000 });
    const after = lambda.calls.length + backEnd.requests - before;
    const { exitCode } = await lambda.shutdown();
    const negative = stage.figures()?.negative ?? [];
    const measured = [
      `${gapMs} ms`,
      `${after} requests in the second after`,
      `${negative.length} negative figures`,
      `exit code ${exitCode}`,
    ].join(", ");
    const fine = status === "success" && after <= STORM_LIMIT && negative.length === 0 && exitCode === 0;
    return verdict(fine, measured);
  },
};

async function copyTo(folder: string, file: string): Promise<string> {
  await Deno.chmod(folder, 0o755);
  const copy = `${folder}/${file.split("/").at(-1)}`;
  await Deno.copyFile(file, copy);
  await Deno.chmod(copy, 0o755);
  return copy;
}

/** Runs while its open files are looked at. */
async function watch({ lambda }: Stage, asUser: boolean): ReturnType<Check["run"]> {
  const init = await lambda.init();
  if (init.status !== "success") return verdict(false, `init ${init.errorType ?? init.status}`);
  let most = 0;
  const outside = new Set<string>();
  const end = { at: nowMs() + 700 };
  const running = (async () => {
    for (let n = 0; n < 10; n++) await lambda.invoke({ logs: ["x"], sleepMs: 40 });
  })();
  while (nowMs() < end.at) {
    const [pid] = [...lambda.processIds()].filter(([name]) => name !== "function").map(([, id]) => id);
    if (pid !== undefined) {
      const open = openFiles(pid);
      most = Math.max(most, open.length);
      for (const { path, writable } of open) {
        if (writable && path.startsWith("/") && !/^\/(tmp|dev|proc|memfd)/.test(path)) outside.add(path);
      }
    }
    await sleep(10);
  }
  await running;
  const { exitCode } = await lambda.shutdown();
  const measured = [
    asUser ? `as user ${SANDBOX_USER}` : "as this user (only root can choose another)",
    `${most} descriptors`,
    outside.size === 0 ? "no file outside /tmp open for writing" : `writes to ${[...outside].join(", ")}`,
    `exit code ${exitCode}`,
  ].join(", ");
  return verdict(most <= MAX_DESCRIPTORS && outside.size === 0 && exitCode === 0, measured);
}

/** The descriptors of a process; those that vanish meanwhile are left out. */
function openFiles(pid: number): readonly { readonly path: string; readonly writable: boolean }[] {
  const found: { readonly path: string; readonly writable: boolean }[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const path = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      const flags = /^flags:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`))?.[1] ??
        "0";
      // O_WRONLY or O_RDWR.
      found.push({ path, writable: (parseInt(flags, 8) & 3) !== 0 });
    }
  } catch {
    // It has just ended.
  }
  return found;
}
