/**
 * What the extension's data says, where its format is known. To have another format checked, write another reader.
 */
import { decodeLineProtocol } from "../../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../../support/wire/decode_protobuf.ts";
import type { DecodedPoint } from "../../support/wire/decoded_point.ts";
import type { BackEndRequest } from "./back_end.ts";

/** Sums over everything that was taken. */
export interface Figures {
  readonly invocations: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly outOfMemory: number;
  readonly coldStarts: number;
  /** What the extension says that it lost. */
  readonly dropped: number;
  /** The time each invocation's report is attributed to, epoch ms. */
  readonly reportTimesMs: readonly number[];
  /** Names of figures that were ever below zero. */
  readonly negative: readonly string[];
}

/** `undefined` when there is nothing of the format it knows. */
export type FiguresReader = (taken: readonly BackEndRequest[]) => Figures | undefined;

/** Reads Dataway's points, as DataKit and its extension send them. */
export const readDatawayFigures: FiguresReader = (taken) => {
  const points = readPoints(taken);
  const metrics = points.filter(({ measurement }) => measurement === "awslambda-metric");
  if (points.length === 0) return undefined;
  const sum = (field: string): number =>
    metrics.reduce((total, { fields }) => total + Number(fields.get(field) ?? 0), 0);
  const own = points.filter(({ measurement }) => measurement === "awslambda-extension")
    .flatMap(({ fields }) => [...fields])
    .filter(([name]) => name.startsWith("dropped_"));
  return {
    invocations: sum("invocations"),
    errors: sum("errors"),
    timeouts: sum("timeouts"),
    outOfMemory: sum("out_of_memory"),
    coldStarts: sum("cold_starts"),
    dropped: own.reduce((total, [, value]) => total + Number(value), 0),
    reportTimesMs: metrics.filter(({ fields }) => fields.has("billed_duration_ms"))
      .map(({ timeNs }) => Number(timeNs / 1_000_000n)),
    negative: metrics.flatMap(({ fields }) => [...fields])
      .filter(([, value]) => typeof value !== "string" && Number(value) < 0)
      .map(([name]) => name),
  };
};

/** Dataway's points in everything that was taken. */
export function readPoints(taken: readonly BackEndRequest[]): readonly DecodedPoint[] {
  return taken.flatMap(toPoints);
}

function toPoints({ path, headers, body }: BackEndRequest): readonly DecodedPoint[] {
  if (!path.includes("/v1/write/")) return [];
  const type = headers.get("content-type") ?? "";
  try {
    return type.startsWith("application/protobuf") ? decodeProtobuf(body) : decodeLineProtocol(body);
  } catch {
    // Not of this format after all.
    return [];
  }
}
