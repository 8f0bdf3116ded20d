import type { SettingReader } from "./reader.ts";

/** Which keys of points Dataway's sinker is told, in each upload's `X-Global-Tags`. */
export interface SinkerConfig {
  /** Besides the keys of `ENV_GLOBAL_HOST_TAGS`. */
  readonly customerKeys: readonly string[];
}

/** Reads it; `undefined`: off. `globalTags`: those of `ENV_GLOBAL_HOST_TAGS`. */
export function readSinkerConfig(
  read: SettingReader,
  globalTags: ReadonlyMap<string, string>,
): SinkerConfig | undefined {
  const name = "ENV_DATAWAY_ENABLE_SINKER";
  const wanted = read.boolean(name, {
    default: false,
    description:
      "Uploads are grouped by the tags of `ENV_GLOBAL_HOST_TAGS` and the keys of `ENV_SINKER_GLOBAL_CUSTOMER_KEYS`, and " +
      "name them in `X-Global-Tags`, by which Dataway's sinker chooses a workspace",
  });
  const customerKeys = read.list("ENV_SINKER_GLOBAL_CUSTOMER_KEYS", {
    default: [],
    description:
      "Keys of tags and text fields for the sinker, such as `aws_lambda_function_name`; also `category`, and the " +
      "measurement as `source` (logs), `measurement` (metrics) or `class` (objects)",
  });
  if (!wanted) return undefined;
  if (customerKeys.length > 0 || globalTags.size > 0) return { customerKeys };
  read.problem({
    name,
    message:
      `Cannot use ${name} as there must be a tag in ENV_GLOBAL_HOST_TAGS or a key in ENV_SINKER_GLOBAL_CUSTOMER_KEYS`,
    used: "Dataway's routing by token",
  });
  return undefined;
}
