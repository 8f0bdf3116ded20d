/** What a person does to a running sandbox: by hand, from the page or from a terminal. */
import type { DatawayDouble } from "./dataway.ts";
import type { ReplyStep } from "./scripted_server.ts";
import type { InvokeResult } from "./invocation.ts";
import type { Lambda } from "./lambda.ts";

/** How Dataway answers; `down` closes each connection before any answer, so that what came in vain is seen. */
export const DATAWAY_MODES = ["ok", "slow", "403", "hang", "down"] as const;

export type DatawayMode = (typeof DATAWAY_MODES)[number];

/** What the next invocation suffers instead of reaching the function. */
export type Fault = "timeout" | "crash";

/** What is in force. */
export interface Armed {
  readonly dataway: DatawayMode;
  readonly timeout: boolean;
  readonly crash: boolean;
  /** Stopped by hand: invocations wait. */
  readonly frozen: boolean;
}

/** Each call resolves when its effect is there; `onChange` was told before. */
export interface Controls {
  readonly armed: Armed;
  /** Invokes the function with `event`, any JSON value; an armed fault happens to it and is used up. */
  invoke(event?: unknown): Promise<InvokeResult>;
  dataway(mode: DatawayMode): Promise<void>;
  /** Arms a fault for the next invocation, in place of another; or takes it back. */
  arm(fault: Fault, on: boolean): void;
  /** Stops every process for `ms`. */
  freeze(ms: number): Promise<void>;
  /** Kills the extensions as the kernel does when memory is short. False when none runs in a process. */
  kill(): boolean;
  /** Dataway is well and nothing is armed. */
  restore(): Promise<void>;
}

export interface ControlsOptions {
  readonly lambda: Pick<Lambda, "invoke" | "freeze" | "killExtensions">;
  readonly dataway: Pick<DatawayDouble, "otherwise">;
  /** Each change of what is in force. */
  readonly onChange?: (armed: Armed) => void;
}

/** A Dataway far away or under load, in ms. */
const SLOW_MS = 1500;
const NORMAL: Armed = { dataway: "ok", timeout: false, crash: false, frozen: false };
const ANSWERS: Readonly<Record<DatawayMode, ReplyStep>> = {
  ok: 200,
  slow: { status: 200, delayMs: SLOW_MS },
  "403": 403,
  hang: "hang",
  down: "reset",
};

/** Controls over a sandbox and the double that its extension sends to; nothing is armed. */
export function createControls({ lambda, dataway, onChange = () => {} }: ControlsOptions): Controls {
  let armed = NORMAL;

  function change(part: Partial<Armed>): void {
    armed = { ...armed, ...part };
    onChange(armed);
  }

  function takeFault(): { readonly fault?: Fault } {
    const fault = armed.timeout ? "timeout" : armed.crash ? "crash" : undefined;
    if (fault === undefined) return {};
    change({ timeout: false, crash: false });
    return { fault };
  }

  function setDataway(mode: DatawayMode): Promise<void> {
    dataway.otherwise(ANSWERS[mode]);
    change({ dataway: mode });
    return Promise.resolve();
  }

  return {
    get armed(): Armed {
      return armed;
    },
    invoke: (event = {}) => lambda.invoke({}, { payload: JSON.stringify(event), ...takeFault() }),
    dataway: setDataway,
    arm: (fault, on) => change({ timeout: false, crash: false, [fault]: on }),
    freeze: async (ms) => {
      change({ frozen: true });
      await lambda.freeze(ms);
      change({ frozen: false });
    },
    kill: () => lambda.killExtensions(),
    restore: async () => {
      change({ timeout: false, crash: false });
      if (armed.dataway !== "ok") await setDataway("ok");
    },
  };
}
