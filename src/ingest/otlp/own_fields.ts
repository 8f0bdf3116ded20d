/**
 * What OTLP/JSON can say and protobuf cannot, as members of our own in the bytes that `json_to_proto.ts` makes. They are
 * read in such bytes only: in a client's they are unknown fields.
 */

/** Of an `AnyValue`: an integer beyond the signed ones, as varint. */
export const OWN_UNSIGNED = 0x78;
/** Of a `NumberDataPoint`: the same, as fixed64. */
export const OWN_UNSIGNED_POINT = 0x79;
/** Of a span, record, metric or data point, as varint 1: it is without a part that could not be read. */
export const OWN_TRIMMED = 0x3ff8;
