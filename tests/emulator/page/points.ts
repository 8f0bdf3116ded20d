/** The points of one invocation as they were sent: decoded, and their own bytes in the body. */
import { gunzipSync } from "node:zlib";
import { CATEGORIES, type PointDetail } from "./state.ts";
import { type SentPoint, showValue, type WatchedUpload } from "./watch_dataway.ts";

/** `uploads` by number, from 1. */
export function pointsOf(
  points: readonly SentPoint[],
  uploads: readonly WatchedUpload[],
): readonly PointDetail[] {
  const slices = new Map<number, Slices>();
  return points.map(({ point, place, arrived, uploads: numbers }) => {
    const upload = numbers.at(-1) ?? 0;
    const body = slices.get(upload) ?? sliceBody(uploads[upload - 1]);
    slices.set(upload, body);
    return {
      upload,
      category: CATEGORIES.findIndex((name) => name === point.category),
      measurement: point.measurement,
      timeNs: String(point.timeNs),
      tags: [...point.tags],
      fields: [...point.fields].map(([key, value]) => [key, showValue(value)] as const),
      bytes: (body.slices[place] ?? new Uint8Array()).toBase64(),
      form: body.form,
      arrived,
    };
  });
}

interface Slices {
  readonly form: PointDetail["form"];
  readonly slices: readonly Uint8Array[];
}

/** A body's bytes, point by point. */
function sliceBody(watched: WatchedUpload | undefined): Slices {
  if (watched === undefined) return { form: "text", slices: [] };
  const { upload: { headers }, body } = watched;
  const isGzip = headers.get("content-encoding") === "gzip";
  const bytes = isGzip ? new Uint8Array(gunzipSync(body)) : body;
  const isText = headers.get("content-type") === "application/line-protocol";
  return isText
    ? { form: "text", slices: splitLines(bytes) }
    : { form: "protobuf", slices: splitMessages(bytes) };
}

const [NEWLINE, QUOTE, BACKSLASH] = [10, 34, 92];

/** A newline in a string is data. */
function splitLines(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) inString = !inString;
    else if (bytes[at] === NEWLINE && !inString) {
      lines.push(bytes.subarray(from, at));
      from = at + 1;
    }
  }
  return lines;
}

/** The points of a `PBPoints`, which is field 1 again and again. */
function splitMessages(bytes: Uint8Array): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    at++;
    let size = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    messages.push(bytes.subarray(at, at + size));
    at += size;
  }
  return messages;
}
