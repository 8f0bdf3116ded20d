/** The variables of the sandbox. @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
import type { LambdaSettings } from "./options.ts";

/** What only the runtime sees; names starting with an underscore are kept from extensions as well. */
const RUNTIME_ONLY: readonly string[] = [
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_MAX_CONCURRENCY",
  "AWS_XRAY_CONTEXT_MISSING",
  "AWS_XRAY_DAEMON_ADDRESS",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
];

/** The function's whole environment. The customer's variables do not win over the platform's. */
export function functionEnvironment(
  settings: LambdaSettings,
  runtimeApi: string,
  logStream: string,
): Record<string, string> {
  return {
    ...settings.env,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_REGION: settings.region,
    AWS_DEFAULT_REGION: settings.region,
    AWS_LAMBDA_FUNCTION_NAME: settings.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: settings.functionVersion,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memorySizeMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: settings.initializationType,
    AWS_LAMBDA_LOG_FORMAT: settings.logFormat,
    ...(settings.logFormat === "JSON" ? { AWS_LAMBDA_LOG_LEVEL: settings.applicationLogLevel } : {}),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...credentials(settings),
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtimeVersion.split(":")[0] ?? "provided"}`,
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_XRAY_DAEMON_ADDRESS: "169.254.79.129:2000",
    _AWS_XRAY_DAEMON_ADDRESS: "169.254.79.129",
    _AWS_XRAY_DAEMON_PORT: "2000",
    _HANDLER: settings.handler,
    ...(settings.initializationType === "lambda-managed-instances"
      ? { AWS_LAMBDA_MAX_CONCURRENCY: String(settings.concurrency) }
      : {}),
    LAMBDA_RUNTIME_DIR: "/var/runtime",
    LAMBDA_TASK_ROOT: "/var/task",
    LD_LIBRARY_PATH: "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/opt/lib",
    PATH: "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
  };
}

/** A snapshot outlives keys, so it holds none. @see https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html */
function credentials(settings: LambdaSettings): Record<string, string> {
  return settings.initializationType === "snap-start"
    ? {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "emulated-container-token",
    }
    : {
      AWS_ACCESS_KEY_ID: "ASIAEMULATOR",
      AWS_SECRET_ACCESS_KEY: "emulated-secret",
      AWS_SESSION_TOKEN: "emulated-session",
    };
}

/** The part of the function's environment that an extension sees. */
export function extensionEnvironment(functionEnv: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(functionEnv).filter(([name]) => !name.startsWith("_") && !RUNTIME_ONLY.includes(name)),
  );
}
