/** How a program ended. */
export interface ProgramExit {
  readonly code: number;
  readonly signal?: string;
  /** It could not be started at all. */
  readonly launchError?: string;
}

/** Something the sandbox runs: an extension or the function, in a process of its own or in the test's. */
export interface Program {
  readonly name: string;
  /** Start of execution, in epoch ms. */
  readonly startedAt: number;
  /** Never rejects. */
  readonly exited: Promise<ProgramExit>;
  readonly hasExited: boolean;
  /** Resolves when nothing of it runs any more, which code of the test process may delay. Never rejects. */
  readonly settled: Promise<unknown>;
  terminate(): void;
  kill(): void;
  /** Stops and continues the whole process group. Nothing happens in-process. */
  freeze(): void;
  thaw(): void;
  /** Highest resident memory of the group so far, in bytes; `undefined` when it cannot be known. */
  peakRssBytes(): number | undefined;
}

/** Takes a program's output line by line. */
export type LineSink = (line: string, stream: "stdout" | "stderr") => void;
