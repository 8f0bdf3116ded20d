import { createByteTable } from "../../point/byte_table.ts";
import { clippableText } from "./json_writer.ts";
import type { TextSlice } from "./wire_span.ts";

/** DataKit's tag `source_type`. */
export const SOURCE_TYPES = ["web", "db", "cache", "message_queue", "framework", "app", "custom"] as const;
export type SourceType = (typeof SOURCE_TYPES)[number];

/** What the types of spans are called in `source_type`; all others are `custom`. */
const TYPES: Readonly<Record<Exclude<SourceType, "custom">, readonly string[]>> = {
  web: ["http", "http2", "web", "grpc", "rpc", "dns"],
  db: [
    ...["db", "sql", "mysql", "pymysql", "mongodb", "cassandra", "elasticsearch", "influxdb", "leveldb"],
    "aerospike",
  ],
  cache: ["cache", "redis", "memcached"],
  message_queue: ["kafka", "queue", "mqtt", "rabbitmq", "rocketmq", "go-nsq"],
  framework: [
    ...[".net", "django", "express", "flask", "go-gin", "graphql", "hibernate", "laravel", "soap", "spring"],
    "datanucleus",
  ],
  app: ["consul"],
};
const LONGEST = 16;

const byName = new Map<string, SourceType>(
  SOURCE_TYPES.flatMap((source) =>
    source === "custom" ? [] : TYPES[source].map((type) => [type, source] as const)
  ),
);
const byBytes = createByteTable<SourceType>(byName);

/** The source type of a span's `type`, in any case. */
export function sourceTypeOf({ bytes, from, to }: TextSlice): SourceType {
  if (from === to || to - from > LONGEST) return "custom";
  return byBytes.get(bytes, from, to) ?? byName.get(clippableText(bytes, from, to).toLowerCase()) ?? "custom";
}
