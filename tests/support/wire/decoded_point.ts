import type { FieldValue } from "../../../src/point/point.ts";

/** A point as a body holds it, common tags among its tags; the category is in the body's URL. */
export interface DecodedPoint {
  readonly measurement: string;
  readonly tags: Map<string, string>;
  readonly fields: Map<string, FieldValue>;
  readonly timeNs: bigint;
}
