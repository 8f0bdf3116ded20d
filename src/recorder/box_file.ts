/**
 * The black box in the spool's folder: there from its writing until the request's end is told. One that a new process
 * finds is of a process that was killed without a word.
 */
import { describeError, type Logger } from "@std/log";
import { putFile, type SpoolFiles } from "../pipeline/spool_folder.ts";
import { countPoints, decodeSpoolFile, encodeSpoolFile, hasWholePoints } from "../pipeline/spool_format.ts";
import { contentOf, POINT_FRAME_BYTES, putFramed } from "../point/point_range.ts";

/** One point's bytes (`PBPoint`) in a file. Never throws: what the disk refuses is said once. */
export interface BoxFile {
  /** Over the one that is there. */
  save(point: Uint8Array): void;
  remove(): void;
  /** What an earlier process left there; it is removed. */
  take(): Uint8Array | undefined;
}

/** What kind of file of the spool it is: its own source and category. */
const HEAD = { category: "logging", runs: [["telemetry", 1]] } as const;
const NAME = "blackbox.box";

/** The file, in a folder that may not be there yet. */
export function createBoxFile(files: Omit<SpoolFiles, "list">, log: Pick<Logger, "warn">): BoxFile {
  let isSaid = false;

  function tried<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      if (!isSaid) log.warn("The black box stays in memory only", { error: describeError(error) });
      isSaid = true;
      return undefined;
    }
  }

  function remove(): void {
    tried(() => files.remove(NAME));
  }

  return {
    save: (point) =>
      tried(() => {
        const framed = new Uint8Array(point.length + POINT_FRAME_BYTES);
        const end = putFramed(framed, 0, point, point.length);
        putFile(files, NAME, encodeSpoolFile(HEAD, [framed.subarray(0, end)]));
      }),
    remove,
    take: () => {
      const bytes = tried(() => files.read(NAME));
      if (bytes === undefined) return undefined;
      remove();
      const point = pointIn(bytes);
      if (point === undefined) log.warn("The black box of an earlier process was lost as its file is torn");
      return point;
    },
  };
}

/** The one point of a box. Of what another process has written nothing is believed. */
function pointIn(bytes: Uint8Array): Uint8Array | undefined {
  const content = decodeSpoolFile(bytes);
  if (content === undefined || content.category !== HEAD.category || countPoints(content) !== 1) {
    return undefined;
  }
  return hasWholePoints(content) ? contentOf(content.range, 0) : undefined;
}
