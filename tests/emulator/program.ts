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
  /** Of a process of its own. */
  readonly pid?: number;
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
  /** Memory of the group now, or as last read before its end; `undefined` when it cannot be known. */
  memory(): ProgramMemory | undefined;
}

/** Resident memory in bytes, summed over a process group. */
export interface ProgramMemory {
  readonly peakBytes: number;
  readonly residentBytes: number;
  /** The part that is not a file's: what this program alone costs. */
  readonly anonymousBytes: number;
}

/** Takes a program's output line by line. */
export type LineSink = (line: string, stream: "stdout" | "stderr") => void;
