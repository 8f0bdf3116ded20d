/** Sandboxes in which every feature that is off by default is on, so that their combination meets any scenario. */
import { startOtlpTarget } from "./otlp_target.ts";
import type { Sandbox, StartSandbox } from "./sandbox.ts";

/** Rules of every kind, none of which takes a line of the scenarios. */
const RULES = [
  { exclude: "^no such line$" },
  { include: "[^]*" },
  { sample: 1, unless: "error" },
  { mask: "never-said-\\d+", with: "***" },
];

/** Recorder, trace, rules, metrics from logs, cost and use. */
const EVERYTHING: Readonly<Record<string, string>> = {
  ENV_AWSLAMBDA_RECORDER: "on",
  ENV_AWSLAMBDA_TRACE: "full",
  ENV_AWSLAMBDA_LOG_LEVEL: "debug",
  ENV_AWSLAMBDA_LOG_MASK: "secrets,email,card,ipv4",
  ENV_AWSLAMBDA_LOG_RULES: JSON.stringify(RULES),
  ENV_AWSLAMBDA_METRICS_FROM_LOGS: "emf,datadog",
  ENV_AWSLAMBDA_ESTIMATED_COST: "true",
  ENV_AWSLAMBDA_USAGE: "true",
};

/** The same, with all of it on, a second target and a spool of its own, unless the scenario sets something else. */
export function startEverything(start: StartSandbox): StartSandbox {
  return async (options = {}) => {
    // The executable may write below /tmp only.
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "everything-" });
    const target = startOtlpTarget();
    const close = async (): Promise<void> => {
      await target[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    };
    const spool = { ENV_SPOOL: "on", ENV_SPOOL_DIR: `${folder}/spool` };
    let sandbox: Sandbox;
    try {
      sandbox = await start({
        ...options,
        env: { ...EVERYTHING, ...spool, ENV_OTLP_TARGET: target.url, ...options.env },
      });
    } catch (error) {
      await close();
      throw error;
    }
    const dispose = sandbox[Symbol.asyncDispose].bind(sandbox);
    return Object.assign(sandbox, {
      [Symbol.asyncDispose]: async () => {
        await dispose();
        await close();
      },
    });
  };
}
