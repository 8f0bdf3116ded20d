/** Dataway's limits of one point, as DataKit's agent keeps them. */

/** Fields and tags, common tags not counted. */
export const MAX_FIELDS = 1024;
export const MAX_TAGS = 256;
/** Longest tag value, in bytes. */
export const MAX_TAG_BYTES = 1024;
/** Longest string or bytes field, in bytes. */
export const MAX_STRING_BYTES = 32 * 1024 * 1024;
/** The instants line protocol's parsers take, in ns: int64 less the values they keep for themselves. */
export const MIN_TIME_NS = -(2n ** 63n) + 2n;
export const MAX_TIME_NS = 2n ** 63n - 2n;
