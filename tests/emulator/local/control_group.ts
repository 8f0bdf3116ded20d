/** A control group that holds the sandbox to its memory, where this machine lets one be made. */

export interface ControlGroup extends Disposable {
  /** Moves a process and what it starts from now on. */
  add(pid: number): void;
  /** How often the kernel has killed a process of it for want of memory. */
  readonly kills: number;
}

interface Layout {
  readonly folder: string;
  readonly limit: string;
  /** Swap counts as memory. */
  readonly swap: string;
  readonly swapValue: (bytes: number) => string;
  readonly events: string;
}

const ROOT = "/sys/fs/cgroup";

/** One of `bytes`; `undefined` where it cannot be: not Linux, not root, no memory controller. */
export function createControlGroup(bytes: number): ControlGroup | undefined {
  const layout = findLayout(`datakit-local-${Deno.pid}`);
  if (layout === undefined) return undefined;
  const { folder } = layout;
  try {
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(`${folder}/${layout.limit}`, String(bytes));
    // A machine without swap accounting has no such file.
    writeIfThere(`${folder}/${layout.swap}`, layout.swapValue(bytes));
  } catch {
    remove(folder);
    return undefined;
  }
  return {
    add: (pid) => {
      try {
        Deno.writeTextFileSync(`${folder}/cgroup.procs`, String(pid));
      } catch {
        // It has just ended.
      }
    },
    get kills(): number {
      const text = readIfThere(`${folder}/${layout.events}`);
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    [Symbol.dispose]: () => remove(folder),
  };
}

function findLayout(name: string): Layout | undefined {
  if (readIfThere(`${ROOT}/cgroup.controllers`).split(/\s/).includes("memory")) {
    return {
      folder: `${ROOT}/${name}`,
      limit: "memory.max",
      swap: "memory.swap.max",
      swapValue: () => "0",
      events: "memory.events",
    };
  }
  if (readIfThere(`${ROOT}/memory/memory.limit_in_bytes`) === "") return undefined;
  return {
    folder: `${ROOT}/memory/${name}`,
    limit: "memory.limit_in_bytes",
    swap: "memory.memsw.limit_in_bytes",
    swapValue: String,
    events: "memory.oom_control",
  };
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function writeIfThere(path: string, text: string): void {
  if (readIfThere(path) !== "") Deno.writeTextFileSync(path, text);
}

function remove(folder: string): void {
  try {
    Deno.removeSync(folder);
  } catch {
    // Never made, or still in use: the kernel keeps an empty one at no cost.
  }
}
