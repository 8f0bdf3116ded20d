/** The tags that a span's point has of its own, encoded once. */
import type { OtlpConfig } from "../../config/otlp.ts";
import type { Key } from "../../point/point_keys.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import { type SharedTag, shareTag } from "./shared_tag.ts";

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
/** What every span's point has: the user's tags of these names say nothing. */
const OWN = "source remote_ip service span_type span_kind status source_type".split(" ");
/** By these a span is one of a web service. */
const WEB = ["http_method", "http_url", "http_scheme", "http_status_code", "rpc_system"];

/** A tag of the user's. */
export interface UserTag extends SharedTag {
  readonly key: Key;
  /** Only some points have a tag of this name of their own, which counts more. */
  readonly mayBeOwn: boolean;
}

/** The tags of a span's point. */
export interface SpanTags {
  readonly source: SharedTag;
  readonly remoteIp: SharedTag;
  /** By `SpanKind`; {@link unspecified} for unknown ones. */
  readonly kinds: readonly SharedTag[];
  readonly unspecified: SharedTag;
  readonly status: Readonly<Record<"none" | "ok" | "error", SharedTag>>;
  readonly type: Readonly<Record<"entry" | "local" | "exit", SharedTag>>;
  /** The tag `source_type`, by the fields that the point has. */
  readonly sourceType: () => SharedTag;
  readonly user: readonly UserTag[];
}

export function createSpanTags(config: OtlpConfig, writer: PointWriter): SpanTags {
  const tag = (name: string, value: string): SharedTag => shareTag(writer, "tracing", name, value);
  const key = (name: string): Key => writer.key("tracing", name);
  const database = key("db_system");
  const messages = key("messaging_system");
  const web = WEB.map(key);
  const types = {
    database: tag("source_type", "db"),
    messages: tag("source_type", "message_queue"),
    web: tag("source_type", "web"),
    custom: tag("source_type", "custom"),
  };
  return {
    source: tag("source", "opentelemetry"),
    remoteIp: tag("remote_ip", "127.0.0.1"),
    kinds: KINDS.map((name) => tag("span_kind", name)),
    unspecified: tag("span_kind", "unspecified"),
    status: { none: tag("status", "info"), ok: tag("status", "ok"), error: tag("status", "error") },
    type: {
      entry: tag("span_type", "entry"),
      local: tag("span_type", "local"),
      exit: tag("span_type", "exit"),
    },
    sourceType: () => {
      if (writer.has(database)) return types.database;
      if (writer.has(messages)) return types.messages;
      return web.some(writer.has) ? types.web : types.custom;
    },
    user: Array.from(config.tags).filter(([name]) => !OWN.includes(name)).map(([name, value]) => ({
      ...tag(name, value),
      key: key(name),
      mayBeOwn: /^(base_service|db_host|http_status_code)$/.test(name),
    })),
  };
}
