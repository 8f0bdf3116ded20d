import type { DatawayEndpoint } from "../config/dataway.ts";
import { latin1 } from "../latin1.ts";
import type { Category } from "../point/point.ts";

/** What the headers of an upload say. */
export interface UploadFacts {
  readonly contentType: string;
  readonly gzip: boolean;
  /** Number of points in the body. */
  readonly points: number;
  readonly packageId: string;
  /** Our own version. */
  readonly version: string;
}

const ID_LENGTH = 20;
const ID_ALPHABET = "0123456789abcdefghijklmnopqrstuv";

/**
 * The URL that takes points of `category`. Holds the token: never log it.
 *
 * @see `tests/spec/datakit.md` 3.1 and 3.2
 */
export function buildUploadUrl(endpoint: DatawayEndpoint, category: Category): string {
  return `${endpoint.base}/v1/write/${category}?${endpoint.query}`;
}

/**
 * The headers of one upload.
 *
 * @see `tests/spec/datakit.md` 3.3
 */
export function buildUploadHeaders(facts: UploadFacts): Readonly<Record<string, string>> {
  return {
    "content-type": facts.contentType,
    ...(facts.gzip ? { "content-encoding": "gzip" } : {}),
    "x-points": String(facts.points),
    "x-pkg-id": facts.packageId,
    "user-agent": `datakit-lambda-extension/${facts.version}`,
  };
}

/** A new id by which Dataway can tell one body from another: 100 random bits in the form DataKit uses. */
export function createPackageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  // Bytes of text, where a string that grows is one more string for each letter.
  for (let at = 0; at < ID_LENGTH; at++) bytes[at] = ID_ALPHABET.charCodeAt((bytes[at] ?? 0) & 31);
  return `dk_${latin1(bytes)}`;
}
