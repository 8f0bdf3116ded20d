import { type AwsLambdaConfig, readAwsLambdaConfig } from "./config/awslambda.ts";
import { type CoreConfig, readCoreConfig } from "./config/core.ts";
import { type DatawayConfig, readDatawayConfig } from "./config/dataway.ts";
import { type DdtraceConfig, readDdtraceConfig } from "./config/ddtrace.ts";
import { type FiltersConfig, readFiltersConfig } from "./config/filters.ts";
import { type OtlpConfig, readOtlpConfig } from "./config/otlp.ts";
import { type OtlpTargetConfig, readOtlpTargetConfig } from "./config/otlp_target.ts";
import { createSettingReader, type Environment, type Setting, type SettingProblem } from "./config/reader.ts";
import { checkOutcomes } from "./config/log_rules.ts";
import { readRecorderConfig, type RecorderConfig } from "./config/recorder.ts";
import { findUnknownNames } from "./config/unknown_names.ts";
import { readSinkerConfig, type SinkerConfig } from "./config/sinker.ts";
import { secretsIn } from "./secrets.ts";
import { readStatsdConfig, type StatsdConfig } from "./config/statsd.ts";

/** Everything a user can set, checked and with defaults, one section a part. */
export interface Config {
  readonly core: CoreConfig;
  readonly dataway: DatawayConfig;
  readonly sinker: SinkerConfig | undefined;
  readonly filters: FiltersConfig;
  readonly awslambda: AwsLambdaConfig;
  readonly recorder: RecorderConfig | undefined;
  readonly otlp: OtlpConfig;
  readonly ddtrace: DdtraceConfig;
  readonly statsd: StatsdConfig;
  /** `undefined`: there is no second place to send to. */
  readonly target: OtlpTargetConfig | undefined;
}

/** A configuration that can always be run with, and what was wrong with what the user wrote. */
export interface ParsedConfig {
  readonly config: Config;
  /** Every value and name that could not be used; empty when all is well. */
  readonly problems: readonly SettingProblem[];
  /** Every setting there is, in the order of the table in src/config/README.md. */
  readonly settings: readonly Setting[];
  /** Never to be printed. */
  readonly secrets: ReadonlySet<string>;
}

/** Memory assumed when Lambda does not tell, in MB: its smallest. */
const DEFAULT_MEMORY_MB = 128;

/** Reads all settings. Never throws: a bad value is a problem, and its default is used instead. */
export function parseConfig(env: Environment): ParsedConfig {
  const read = createSettingReader(env);
  const dataway = readDatawayConfig(read);
  const awslambda = readAwsLambdaConfig(read);
  const recorder = readRecorderConfig(read);
  checkOutcomes(read, awslambda.logRules, recorder?.parts.has("logs") === true);
  const core = readCoreConfig(read, Number(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) || DEFAULT_MEMORY_MB);
  const otlp = readOtlpConfig(read, core.inputs.has("opentelemetry"), awslambda.schema);
  const config: Config = {
    core,
    dataway,
    sinker: readSinkerConfig(read, awslambda.globalTags),
    filters: readFiltersConfig(read),
    awslambda,
    recorder,
    otlp,
    ddtrace: readDdtraceConfig(read, core.inputs.has("ddtrace"), awslambda.schema),
    statsd: readStatsdConfig(read, core.inputs.has("statsd")),
    target: readOtlpTargetConfig(read, env, {
      own: [core.listen, ...otlp.http, ...otlp.grpc],
      hasDataway: dataway.endpoints.length > 0 || dataway.secret !== undefined,
      storeMaxBytes: core.storeMaxBytes,
    }),
  };
  const secrets = secretsIn(env).union(new Set([...dataway.secrets, ...config.target?.secrets ?? []]));
  const unknown = findUnknownNames(env, read.settings.map(({ name }) => name));
  return { config, problems: [...read.problems, ...unknown], settings: read.settings, secrets };
}
