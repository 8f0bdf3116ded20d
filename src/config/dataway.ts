import type { SettingProblem, SettingReader } from "./reader.ts";

/** One Dataway, taken apart so that what may be shown and what may not are never in one string by accident. */
export interface DatawayEndpoint {
  /** Scheme, host and path prefix without a final slash. Safe to log. */
  readonly base: string;
  /** The URL's query without `?`, the token in it. Secret. */
  readonly query: string;
  /** The token, decoded. Secret. */
  readonly token: string;
}

/** Where points are uploaded to, and how. */
export interface DatawayConfig {
  /** In order of preference. Empty: nothing is exported. */
  readonly endpoints: readonly DatawayEndpoint[];
  /** Longest time for one POST, in ms. */
  readonly timeoutMs: number;
  /** Upper bound of one body before compression, in bytes. */
  readonly maxRawBodyBytes: number;
  /** `v1`: line protocol, `v2`: protobuf. */
  readonly contentEncoding: "v1" | "v2";
  readonly gzip: boolean;
  /** A proxy for all uploads, instead of the standard variables. May hold a password. */
  readonly proxyUrl: string | undefined;
  /** Certificates are not checked. */
  readonly tlsInsecure: boolean;
  /** A PEM file of certificates trusted besides the built-in ones. */
  readonly caFile: string | undefined;
  /** Never to be printed: tokens, and the proxy's password. */
  readonly secrets: readonly string[];
  /** Where AWS keeps what `ENV_DATAWAY` does not say; `endpoints` is empty then. */
  readonly secret: DatawaySecret | undefined;
}

/** A reference to a value kept by AWS: all of `ENV_DATAWAY`, or the token alone. */
export interface DatawaySecret {
  readonly store: "secretsmanager" | "ssm" | "kms";
  /** ARN or name of the secret or parameter; for KMS the ciphertext in base64. */
  readonly id: string;
  /** The key of a JSON secret. */
  readonly key: string | undefined;
  /** `ENV_DATAWAY` as it stands: URLs that a token alone is added to. */
  readonly urls: string;
}

/** Endpoints of a text like `ENV_DATAWAY`, and what is wrong with the rest of it. */
export interface ParsedEndpoints {
  readonly endpoints: readonly DatawayEndpoint[];
  readonly problems: readonly SettingProblem[];
}

/** DataKit raises smaller limits to this: an upload a log line long would cost a round trip each. */
const MIN_RAW_BODY_BYTES = 102_400;
/** A body is held raw and compressed at once, in memory the function is billed for. */
const MAX_RAW_BODY_BYTES = 10 * 1024 * 1024;
/** What guides write where the token is to be: `<your-token>`, `${TOKEN}`, `tkn_xxx`, `tkn_…`. */
const PLACEHOLDER =
  /^(?:tkn_)?(?:[<[{(].*[>\])}]|\$\{?\w+\}?|\{\{.*\}\}|x{3,}|\*{3,}|\.{3,}|…|(?:<)?(?:my|your|the)[-_ ]?(?:\w+[-_ ])?token|token|change[-_]?me|placeholder|todo)$/i;
const PROXY_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks5h:"]);

/**
 * Reads `ENV_DATAWAY` and `ENV_DATAWAY_*`. A URL that cannot be used is a problem and is left out.
 *
 * @see `tests/spec/datakit.md` 2.3 for DataKit's variables of the same names
 */
export function readDatawayConfig(read: SettingReader): DatawayConfig {
  const text = readUrls(read);
  const secret = readSecret(read, text);
  const { endpoints, problems } = secret === undefined
    ? parseEndpoints(text)
    : { endpoints: [], problems: [] };
  for (const problem of problems) read.problem(problem);
  const proxyUrl = readProxy(read);
  const config = {
    endpoints,
    timeoutMs: read.durationMs("ENV_DATAWAY_TIMEOUT", {
      default: 30_000,
      min: 100,
      max: 60_000,
      description:
        "Longest time for the answer to one upload; it goes on beside later invocations. Of several Dataways all but " +
        "the last get 5 s, as each connection does",
    }),
    maxRawBodyBytes: readMaxRawBodyBytes(read),
    contentEncoding: read.choice("ENV_DATAWAY_CONTENT_ENCODING", ["v2", "v1"], {
      default: "v2",
      aliases: { "protobuf": "v2", "line-protocol": "v1" },
      description: "Body format: `v2` (`protobuf`) or `v1` (`line-protocol`)",
    }),
    gzip: !read.boolean("ENV_DATAWAY_DISABLE_GZIP", {
      default: false,
      description: "Upload bodies uncompressed",
    }),
    proxyUrl,
    tlsInsecure: read.boolean("ENV_DATAWAY_TLS_INSECURE", {
      default: false,
      description: "Do not check Dataway's certificate; for tests only",
    }),
    caFile: read.text("ENV_DATAWAY_CA_FILE", {
      default: "",
      description: "PEM file of certificates to trust besides the built-in ones",
    }) || undefined,
  };
  return { ...config, secret, secrets: secretsOf(endpoints, proxyUrl) };
}

function readUrls(read: SettingReader): string {
  return read.secret("ENV_DATAWAY", {
    description:
      "Dataway's URL with its token, `https://host?token=tkn_…`; further ones, after commas, take over " +
      "when it fails. Without it nothing is exported",
  });
}

const SECRET_VARIABLES: readonly (readonly [string, DatawaySecret["store"], string])[] = [
  [
    "ENV_DATAWAY_SECRET_ARN",
    "secretsmanager",
    "ARN or name of a Secrets Manager secret that holds `ENV_DATAWAY`, or its token alone; `#key` names a key of a " +
    "JSON secret. Read with the function's role once the first event is awaited",
  ],
  ["ENV_DATAWAY_SSM_PARAMETER", "ssm", "The same, from a Systems Manager parameter (decrypted)"],
  ["ENV_DATAWAY_KMS", "kms", "The same, as a ciphertext in base64 that KMS decrypts"],
];

/** The first reference that is set. One beside a complete `ENV_DATAWAY` is not used, and reported. */
function readSecret(read: SettingReader, urls: string): DatawaySecret | undefined {
  let found: DatawaySecret | undefined;
  for (const [name, store, description] of SECRET_VARIABLES) {
    const text = store === "kms"
      ? read.secret(name, { description })
      : read.text(name, { default: "", description });
    if (text === "") continue;
    const used = found !== undefined ? "the other reference" : "ENV_DATAWAY";
    if (found !== undefined || parseEndpoints(urls).endpoints.length > 0) {
      read.problem({ name, message: `Cannot use ${name} as Dataway is named already`, used });
      continue;
    }
    const at = store === "secretsmanager" ? text.indexOf("#") : -1;
    const [id, key] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    found = { store, id, key, urls };
  }
  return found;
}

/** Reads a comma list of URLs with tokens. Unparsed text is never part of a problem. */
function parseEndpoints(text: string): ParsedEndpoints {
  const items = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
  const endpoints: DatawayEndpoint[] = [];
  const problems: string[] = [];
  const placeholders: string[] = [];
  for (const [index, item] of items.entries()) {
    const parsed = parseEndpoint(item);
    const which = items.length === 1 ? "ENV_DATAWAY" : `URL ${index + 1} of ENV_DATAWAY`;
    if (typeof parsed === "string") problems.push(`Cannot use ${which} as ${parsed}`);
    else if (endpoints.some((other) => other.base === parsed.base && other.query === parsed.query)) {
      problems.push(`Cannot use ${which} as each URL must be named once: current value is ${parsed.base}`);
    } else {
      endpoints.push(parsed);
      if (PLACEHOLDER.test(parsed.token)) placeholders.push(which);
    }
  }
  const used = endpoints.length === 0
    ? "nothing is exported"
    : `the other ${endpoints.length === 1 ? "URL" : `${endpoints.length} URLs`}`;
  return {
    endpoints,
    problems: [
      ...problems.map((message) => ({ name: "ENV_DATAWAY", message, used })),
      ...placeholders.map((which) => ({
        name: "ENV_DATAWAY",
        message:
          `Cannot expect Dataway to take the token of ${which} as it is a guide's placeholder, not a token`,
        used: "it, as it stands",
      })),
    ],
  };
}

/** The endpoints of a secret's value: a text like `ENV_DATAWAY`, or a token for the URLs that it names. */
export function parseSecretEndpoints(value: string, urls: string): ParsedEndpoints {
  if (value.includes("://")) return parseEndpoints(value);
  const token = encodeURIComponent(value.trim());
  const complete = urls.split(",").map((item) => item.trim()).filter((item) => item !== "")
    .map((item) => `${item}${item.includes("?") ? "&" : "?"}token=${token}`);
  return parseEndpoints(complete.join(","));
}

/** The endpoint, or the rule its text breaks. Unparsed text is never shown: the token may be anywhere in it. */
function parseEndpoint(text: string): DatawayEndpoint | string {
  const url = parseUrl(text);
  if (url === undefined || !/^https?:/i.test(text)) {
    return "it must be a URL that starts with http:// or https://";
  }
  if (url.username !== "" || url.password !== "") return "it must not hold a user name or password";
  // DataKit drops the path, so URLs copied with an upload path work there; a path prefix of ours is kept.
  const path = url.pathname.replace(/\/v1\/write(\/.*)?$/, "").replace(/\/+$/, "");
  const base = `${url.origin}${path}`;
  const token = url.searchParams.get("token") ?? "";
  // Not even the host is shown: with `&token=` for `?token=` the token is part of it.
  if (token === "") return "it must carry its token as ?token=…";
  return { base, query: url.search.slice(1), token };
}

function readMaxRawBodyBytes(read: SettingReader): number {
  const name = "ENV_DATAWAY_MAX_RAW_BODY_SIZE";
  const bytes = read.bytes(name, { default: 1024 * 1024, description: "Largest body before compression" });
  const used = Math.min(MAX_RAW_BODY_BYTES, Math.max(MIN_RAW_BODY_BYTES, bytes));
  if (used !== bytes) {
    read.problem({
      name,
      message:
        `Cannot use ${name} as it must be a size from ${MIN_RAW_BODY_BYTES} to ${MAX_RAW_BODY_BYTES} bytes: ` +
        `current value is ${bytes}`,
      used: String(used),
    });
  }
  return used;
}

function readProxy(read: SettingReader): string | undefined {
  const name = "ENV_DATAWAY_HTTP_PROXY";
  const text = read.secret(name, {
    description:
      "Proxy for uploads (`http://`, `https://`, `socks5://`); without it `HTTPS_PROXY`, `HTTP_PROXY` and " +
      "`ALL_PROXY` count. `NO_PROXY` counts for all, read as Go and curl read it",
  });
  if (text === "") return undefined;
  const url = parseUrl(text);
  if (url !== undefined && PROXY_SCHEMES.has(url.protocol) && url.hostname !== "") return url.href;
  read.problem({
    name,
    message: `Cannot use ${name} as it must be a URL that starts with http://, https:// or socks5://`,
    used: "no proxy but that of the standard variables",
  });
  return undefined;
}

/** Both forms of each secret: as it stands in the URL, and decoded. */
function secretsOf(endpoints: readonly DatawayEndpoint[], proxyUrl: string | undefined): readonly string[] {
  const secrets = new Set<string>();
  for (const { token } of endpoints) secrets.add(token).add(encodeURIComponent(token));
  const password = proxyUrl === undefined ? "" : new URL(proxyUrl).password;
  secrets.add(password);
  secrets.add(decode(password));
  secrets.delete("");
  return [...secrets];
}

function parseUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
