import { createLogger, describeError, type Logger } from "@std/log";
import { compose } from "./compose.ts";
import type { Environment } from "./config/reader.ts";
import type { Heap } from "./heap.ts";
import type { RegisterResult } from "./lambda/extensions_api.ts";
import { idle } from "./lambda/idle.ts";
import type { LifecycleEnd } from "./lambda/lifecycle.ts";
import { tellTurnsBySocket } from "./loop_turn.ts";
import { createLedger, type Ledger } from "./pipeline/ledger.ts";
import { reportEnd, reportStart } from "./report.ts";
import { serve } from "./serve.ts";
import type { Shell } from "./shell.ts";
import { reportTargetEnd } from "./target.ts";

/** What the program is started with; `main.ts` takes it from the process, tests make it up. */
export interface ExtensionOptions {
  readonly env: Environment;
  /** Registered and listening, with the first event asked for. */
  readonly shell: Shell;
  /** The machine's name; may throw where the system does not tell. */
  readonly hostname: () => string;
  /** Memory of this process in bytes (RSS); without it nothing is ever shed for lack of memory. */
  readonly memoryUsedBytes?: () => number;
  /** Where the runtime lets us touch it. */
  readonly heap?: Heap;
  /** Folder in which a socket may be made for a moment, by which long work tells the turns of the event loop. */
  readonly socketFolder?: string;
  /** Hands out what logs errors that nobody caught. */
  readonly onUnseenError?: (report: (error: unknown) => void) => void;
  /** Where the extension's own log goes. @default stderr */
  readonly writeLog?: (line: string) => void;
}

/** How the program ended, and the account of every point it took. */
export interface ExtensionEnd extends LifecycleEnd {
  readonly ledger: Ledger;
  /** Points that could not be sent before the end, in memory or in the spool. */
  readonly held: number;
}

/**
 * Runs the extension until SHUTDOWN. Fails open: if the parts cannot be put together that is one line in the log,
 * and the loop goes on without them, so that the function's invocations do.
 */
export async function runExtension(options: ExtensionOptions): Promise<ExtensionEnd> {
  const log = createLogger({ ...(options.writeLog === undefined ? {} : { write: options.writeLog }) });
  options.onUnseenError?.((error) =>
    log.error("An unexpected failure was contained", { error: describeError(error) })
  );
  const ledger = createLedger();
  const { registration } = options.shell;
  if (registration.status === "failed") {
    log.error("The extension ends as it could not register", { error: registration.error });
    options.shell.sockets[Symbol.dispose]();
    return { exitCode: 1, reason: registration.error, ledger, held: 0 };
  }
  if (options.shell.problem !== undefined) {
    log.error("The listeners are off", { error: describeError(options.shell.problem) });
  }
  let over: ExtensionEnd | undefined;
  const onOver = (end: ExtensionEnd): void => void (over = end);
  try {
    return await run({ options, log, ledger, onOver }, registration);
  } catch (error) {
    // After its end the sandbox gives no more events.
    if (over !== undefined) {
      log.error("The extension could not be closed", { error: describeError(error) });
      return over;
    }
    log.error("The extension idles as it could not start", { error: describeError(error) });
    // Who is refused knows it at once; who is never answered waits.
    options.shell.sockets[Symbol.dispose]();
    return { ...await idle(options.shell), ledger, held: 0 };
  }
}

type Registered = Extract<RegisterResult, { status: "registered" }>;

/** What is there before any setting is read. */
interface Base {
  readonly options: ExtensionOptions;
  readonly log: Logger;
  readonly ledger: Ledger;
  /** Told of the end before anything is closed. */
  readonly onOver: (end: ExtensionEnd) => void;
}

/** Puts the parts together, serves the listeners, and stays in the loop. */
async function run(base: Base, { accountId }: Registered): Promise<ExtensionEnd> {
  const { options, log, ledger } = base;
  const { env, shell, socketFolder } = options;
  if (socketFolder !== undefined) tellTurnsBySocket(socketFolder);
  await using parts = await compose({ ...options, accountId, ledger, log, now: Date.now });
  const { parsed, lifecycle } = parts;
  await using _servers = await serve({
    main: parsed.config.core.listen,
    receivers: parts.receivers,
    sockets: shell.sockets,
    pool: parts.pool,
    admission: parts.admission,
    log,
  });
  const { subscription } = shell;
  if (subscription !== undefined && subscription.status !== "subscribed") {
    log.warn("Metrics and logs of the platform are off as the subscription failed", {
      error: subscription.error,
    });
  }
  reportStart(log, { parsed, env, sockets: shell.sockets.asked, tags: parts.tags(), subscription });

  const loop = lifecycle.run(subscription?.status === "subscribed");
  parts.warmUp();
  const end = await loop.catch(async (error) => {
    log.error("The extension idles as its loop failed", { error: describeError(error) });
    return await idle(shell);
  });
  const left = parts.left();
  reportEnd(log, ledger, { ...left, isLast: end.reason === "spindown" });
  reportTargetEnd(log, parts.target);
  const over = { ...end, ledger, held: left.held };
  base.onOver(over);
  return over;
}
