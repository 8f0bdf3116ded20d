/** Messages a body may have whatever its size: many times a batch of any SDK. */
const FREE_MESSAGES = 200_000;
/** Bytes that each further message must stand for on average; real ones stand for 10 to 20. */
const MIN_BYTES_PER_MESSAGE = 8;
/** Nobody sends so much at once. */
const MAX_MESSAGES = 2_000_000;

/**
 * How many messages (in JSON: objects and lists) a body of this size may have. Two bytes can make an empty span,
 * which is an object of 150 bytes for us: without a bound a body within its limit could ask for gigabytes.
 */
export function maxMessages(bodyBytes: number): number {
  return Math.min(FREE_MESSAGES + Math.floor(bodyBytes / MIN_BYTES_PER_MESSAGE), MAX_MESSAGES);
}
