/** Deeper values are cut to {@link TOO_DEEP}: nothing real nests so far, and recursion needs an end. */
export const MAX_DEPTH = 32;
export const TOO_DEEP = "…";

/** More buckets than this in one data point cannot be meant: SDKs make 160 at most, and each becomes a point. */
export const MAX_BUCKETS = 4096;
