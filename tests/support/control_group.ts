/**
 * Linux control groups, by which a program gets no more CPU or memory than Lambda would give it. In both versions of
 * the kernel's interface, where the machine lets us.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */

/** What a group may have. */
export interface GroupLimits {
  /** Part of one core. */
  readonly cpuShare?: number;
  /** Of all programs in it together, page cache included. In bytes. */
  readonly memoryBytes?: number;
}

/** A group that programs can be started in. Disposal removes it; its programs must have ended. */
export interface ControlGroup extends AsyncDisposable {
  /** The command that starts a program in it. */
  command(
    program: string,
    args?: readonly string[],
  ): { readonly program: string; readonly args: readonly string[] };
  /** Most memory it ever had, in bytes; `undefined` where the kernel does not tell. */
  peakBytes(): number | undefined;
  /** Times that a program of it was killed for want of memory. */
  kills(): number;
}

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;
/** The kernel's upper bounds of a group's part where processors are short, in versions 1 and 2. */
const MOST_SHARES = 262_144;
const MOST_WEIGHT = 10_000;

/** A new group; why there is none where the machine has no control groups for us. */
export async function createControlGroup(limits: GroupLimits): Promise<ControlGroup | string> {
  const name = `datakit-test-${crypto.randomUUID()}`;
  try {
    const folders = await Deno.stat(`${ROOT}/cgroup.controllers`).then(
      () => createV2(name, limits),
      () => createV1(name, limits),
    );
    return openGroup(folders);
  } catch (error) {
    return `Control groups are not to be had: ${error instanceof Error ? error.message : error}`;
  }
}

/** Where a group's files are, by what they control. */
interface Folders {
  readonly all: readonly string[];
  readonly memory: string | undefined;
  readonly version: 1 | 2;
}

function createV1(name: string, { cpuShare, memoryBytes }: GroupLimits): Folders {
  const all: string[] = [];
  if (cpuShare !== undefined) {
    const folder = make(`${ROOT}/cpu/${name}`, all);
    write(folder, "cpu.cfs_period_us", PERIOD_US);
    write(folder, "cpu.cfs_quota_us", Math.round(PERIOD_US * cpuShare));
    // What Lambda gives is given, however much else is to do.
    tryWrite(folder, "cpu.shares", MOST_SHARES);
  }
  const memory = memoryBytes === undefined ? undefined : make(`${ROOT}/memory/${name}`, all);
  if (memory !== undefined) {
    write(memory, "memory.limit_in_bytes", memoryBytes ?? 0);
    // Lambda has no swap.
    tryWrite(memory, "memory.swappiness", 0);
  }
  return { all, memory, version: 1 };
}

function createV2(name: string, { cpuShare, memoryBytes }: GroupLimits): Folders {
  const wanted = [...cpuShare === undefined ? [] : ["cpu"], ...memoryBytes === undefined ? [] : ["memory"]];
  write(ROOT, "cgroup.subtree_control", wanted.map((controller) => `+${controller}`).join(" "));
  const all: string[] = [];
  const folder = make(`${ROOT}/${name}`, all);
  if (cpuShare !== undefined) {
    write(folder, "cpu.max", `${Math.round(PERIOD_US * cpuShare)} ${PERIOD_US}`);
    tryWrite(folder, "cpu.weight", MOST_WEIGHT);
  }
  if (memoryBytes === undefined) return { all, memory: undefined, version: 2 };
  write(folder, "memory.max", memoryBytes);
  tryWrite(folder, "memory.swap.max", 0);
  return { all, memory: folder, version: 2 };
}

function openGroup({ all, memory, version }: Folders): ControlGroup {
  const join = all.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ");
  return {
    command: (program, args = []) => ({
      program: "/bin/sh",
      args: ["-c", `${join} && exec "$0" "$@"`, program, ...args],
    }),
    peakBytes: () => {
      if (memory === undefined) return undefined;
      const text = tryRead(memory, version === 1 ? "memory.max_usage_in_bytes" : "memory.peak");
      return text === undefined ? undefined : Number(text);
    },
    kills: () => {
      if (memory === undefined) return 0;
      const text = tryRead(memory, version === 1 ? "memory.oom_control" : "memory.events") ?? "";
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: async () => {
      for (const folder of all) await removeWhenEmpty(folder);
    },
  };
}

/** The kernel needs a moment to see that a program has ended. */
async function removeWhenEmpty(folder: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return Deno.removeSync(folder);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`Cannot remove ${folder} as programs are left in it`);
}

function make(folder: string, all: string[]): string {
  Deno.mkdirSync(folder);
  all.push(folder);
  return folder;
}

function write(folder: string, file: string, value: string | number): void {
  Deno.writeTextFileSync(`${folder}/${file}`, String(value), { create: false });
}

function tryWrite(folder: string, file: string, value: number): void {
  try {
    write(folder, file, value);
  } catch {
    // Not every kernel has it.
  }
}

function tryRead(folder: string, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${folder}/${file}`);
  } catch {
    return undefined;
  }
}
