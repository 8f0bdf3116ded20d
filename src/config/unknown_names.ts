/** Variables that are not ours but look as if they were meant to be: misspelt ones, and DataKit's that are gone. */
import type { Environment, SettingProblem } from "./reader.ts";

const PREFIX = "ENV_";
/** What begins so was meant for us, however far from any name it is. */
const OUR_FAMILIES = /^ENV_(?:DATAWAY|AWSLAMBDA|INPUT_(?:DDTRACE|OTEL|STATSD)|OTLP_TARGET)_/;
/** Words that are easily forgotten. Not `DATAWAY`: without it, `ENV_SECRET_ARN` may be the function's own. */
const FORGETTABLE: ReadonlySet<string> = new Set(["INPUT", "AWSLAMBDA"]);
/** Longer names are nobody's misspelling, and comparing takes time. */
const MAX_LENGTH = 64;
/** One slip is forgiven per this many letters. */
const LETTERS_PER_SLIP = 4;
const MAX_SLIPS = 3;

/** DataKit's names without effect here, and what takes their place. */
const RETIRED:
  readonly (readonly [name: RegExp, instead: string, isDataKits?: (env: Environment) => boolean])[] = [
    [
      /^ENV_DATAWAY_(MAX_RETRY_COUNT|RETRY_DELAY)$/,
      "what is not taken is held and sent again; ENV_DATAWAY_BUDGET bounds the time of one invocation",
    ],
    [
      /^ENV_DATAWAY_(MAX_IDLE_CONNS(_PER_HOST)?|IDLE_TIMEOUT)$/,
      "connections need no setting; ENV_DATAWAY_TIMEOUT bounds an upload",
    ],
    [
      /^ENV_DATAWAY_(WAL_\w+|DROP_EXPIRED_PACKAGE_AT)$/,
      "ENV_SPOOL keeps on disk what could not be sent",
    ],
    [/^ENV_DATAWAY_\w*NTP\w*$/, "times are the platform's; ENV_USE_NOW_TIME_INSTEAD takes our own"],
    [
      /^ENV_DATAKIT_INPUTS$/,
      "ENV_DEFAULT_ENABLED_INPUTS names the inputs, ENV_INPUT_STATSD_* are StatsD's settings",
    ],
    [/^ENV_HTTP_LISTEN_SOCKET$/, "ENV_HTTP_LISTEN is the address, ENV_INPUT_STATSD_UNIXGRAM StatsD's socket"],
    [/^ENV_REQUEST_RATE_LIMIT$/, "ENV_HTTP_MAX_BODY_SIZE and ENV_STORE_MAX_BYTES bound what is taken"],
    [
      /^ENV_(PPROF_LISTEN|ENABLE_PPROF)$/,
      "there is no profiler; `datakit status` tells what the extension does",
    ],
    [/^ENV_DISABLE_PROTECT_MODE$/, "limits cannot be switched off"],
    [
      /^ENV_LOG$/,
      "the log goes to the function's log group, ENV_LOG_LEVEL says how much",
      ({ ENV_LOG: value = "" }) => /^(stdout|\/)/.test(value.trim()),
    ],
    [
      /^ENV_(GIN_LOG|DISABLE_LOG_COLOR)$/,
      "the log goes to the function's log group, ENV_LOG_LEVEL says how much",
    ],
    [/^ENV_IO_FLUSH_INTERVAL$/, "ENV_FLUSH_INTERVAL and ENV_FLUSH_PLAN say when to send"],
    [/^ENV_IO_(MAX_CACHE_COUNT|FEED_CHAN_SIZE)$/, "ENV_STORE_MAX_BYTES bounds what is held"],
    [/^ENV_IO_(FLUSH_WORKERS|AUTO_TIMESTAMP_CORRECTION|\w*CACHE\w*)$/, "nothing takes its place"],
    [
      /^ENV_(PIPELINE_\w+|REFER_TABLE_\w+|IPDB)$/,
      "pipelines run in the workspace; ENV_AWSLAMBDA_LOG_RULES changes logs before they are sent",
    ],
    [
      /^ENV_(GLOBAL_ELECTION_TAGS|ENABLE_ELECTION)$/,
      "there is no election; ENV_GLOBAL_HOST_TAGS are the tags",
    ],
    [
      /^ENV_NAMESPACE$/,
      "there is no election; ENV_GLOBAL_HOST_TAGS are the tags",
      (env) => env["ENV_ENABLE_ELECTION"] !== undefined,
    ],
    [/^ENV_ENABLE_(DICT_FIELD|MIXED_ARRAY_FIELD)$/, "nested values are JSON text"],
    [/^ENV_INPUT_DDTRACE_ENDPOINTS$/, "ENV_INPUT_DDTRACE_LISTEN says where tracers are listened for"],
    [
      /^ENV_INPUT_(DDTRACE|OTEL)_(THREADS|STORAGE|TRACING_METRIC_\w+|KEEP_RARE_RESOURCE|APMTELEMETRY_ROUTE_ENABLE)$/,
      "nothing takes its place",
    ],
    [
      /^ENV_INPUT_OTEL_(OMIT_ERR_STATUS|CLOSE_RESOURCE)$/,
      "ENV_IO_FILTERS drops spans by their tags and fields",
    ],
    [/^ENV_INPUT_OTEL_EXPECTED_HEADERS$/, "only this sandbox can send, so headers are not looked at"],
  ];

/** One problem for each. The function's own variables, far from any name of ours, are not problems. */
export function findUnknownNames(env: Environment, known: readonly string[]): readonly SettingProblem[] {
  const names = new Set(known);
  const suspects = Object.keys(env).filter((name) => {
    return name.slice(0, PREFIX.length).toUpperCase() === PREFIX && !names.has(name);
  });
  return suspects.flatMap((name) => {
    const instead = RETIRED.find(([pattern, , isDataKits]) =>
      pattern.test(name) && isDataKits?.(env) !== false
    )?.[1];
    if (instead !== undefined) {
      return [{
        name,
        message: `Cannot use ${name} as it is a setting of DataKit's alone: ${instead}`,
        used: "nothing",
      }];
    }
    const meant = nearestName(name, known);
    if (meant === undefined) return [];
    return [{
      name,
      message: `Cannot use ${name} as there is no such setting: is ${meant} meant?`,
      used: "nothing",
    }];
  });
}

/** The setting that a name was meant to be; `undefined` when it is likely somebody else's. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  if (upper.length > MAX_LENGTH) return undefined;
  const ours = known.filter((other) => other.startsWith(PREFIX));
  if (ours.includes(upper)) return upper;
  let nearest: string | undefined;
  let least = Infinity;
  for (const other of ours) {
    const distance = lacksOnlyForgettable(upper, other) ? 1 : editDistance(upper, other);
    if (distance < least) [nearest, least] = [other, distance];
  }
  if (nearest === undefined) return undefined;
  return OUR_FAMILIES.test(upper) || isSlip(upper, nearest, least) ? nearest : undefined;
}

/** Whether this many edits may be a slip, and the first letter is right, which it nearly always is. */
function isSlip(name: string, other: string, distance: number): boolean {
  const [said, meant] = [name.slice(PREFIX.length), other.slice(PREFIX.length)];
  const allowed = Math.min(MAX_SLIPS, Math.floor(Math.min(said.length, meant.length) / LETTERS_PER_SLIP));
  return distance <= allowed && (said[0] === meant[0] || lacksOnlyForgettable(name, other));
}

/** `ENV_OTEL_HTTP` for `ENV_INPUT_OTEL_HTTP`: with at least two words that tell. */
function lacksOnlyForgettable(name: string, other: string): boolean {
  const said = name.slice(PREFIX.length).split("_");
  let at = 0;
  for (const word of other.slice(PREFIX.length).split("_")) {
    if (word === said[at]) at++;
    else if (!FORGETTABLE.has(word)) return false;
  }
  return at === said.length && said.length >= 2;
}

/** Letters to insert, delete, replace or swap with their neighbour to make one text of the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
