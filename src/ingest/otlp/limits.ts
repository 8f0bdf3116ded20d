/** Deeper values are cut to {@link TOO_DEEP}: nothing real nests so far, and recursion needs an end. */
export const MAX_DEPTH = 32;
export const TOO_DEEP = "…";

/**
 * Fields that are read of one span, log record or data point, or of what stands around them, its attributes' and values'
 * own counted: more cannot be meant, and an element is read in one go, while everything else waits.
 */
export const MAX_FIELDS = 65_536;

/** No point may have more tags or fields than this, so no more are prepared for many points. */
export const MAX_SHARED = 1024;

/** More buckets than this in one data point cannot be meant: SDKs make 160 at most, and each becomes a point. */
export const MAX_BUCKETS = 4096;
