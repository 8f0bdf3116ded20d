/**
 * The tags that everything from this sandbox shares. They become known bit by bit (environment, `register`, init
 * events), and are joined when a batch is encoded, so that a point taken in early gets them all.
 * @see `tests/spec/datakit.md` 1.8
 */
import type { InvokeEvent } from "./extensions_api.ts";
import type { TelemetryEvent } from "./telemetry_event.ts";

export interface ResourceOptions {
  /** The process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Empty when there is none. */
  readonly hostname: string;
  readonly globalTags: ReadonlyMap<string, string>;
  /** The processor as AWS names it; `undefined`: it is not told. */
  readonly architecture?: string | undefined;
  /** `datakit` leaves the version `$LATEST` out. */
  readonly schema: "documented" | "datakit";
}

export interface Resource {
  /** The keys that {@link tags} may ever have. */
  readonly keys: readonly string[];
  /** The tags as known now: the same object until something new is learnt. */
  tags(): ReadonlyMap<string, string>;
  /** Takes the account from the `register` reply. */
  setAccountId(accountId: string | undefined): void;
  /** Takes the account from the function's ARN, where `register` did not tell it. */
  invoked(event: InvokeEvent): void;
  /** Takes the runtime's version from init and restore events, and the tenant from requests; all others pass. */
  observe(event: TelemetryEvent): void;
}

const FROM_ENVIRONMENT: readonly (readonly [variable: string, tag: string])[] = [
  ["AWS_LAMBDA_FUNCTION_NAME", "aws_lambda_function_name"],
  ["AWS_LAMBDA_FUNCTION_VERSION", "aws_lambda_function_version"],
  ["AWS_REGION", "aws_region"],
  ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "aws_lambda_function_memory_size"],
  ["AWS_LAMBDA_INITIALIZATION_TYPE", "aws_lambda_initialization_type"],
];

const ARCHITECTURE = "aws_lambda_architecture";
const TENANT = "aws_lambda_tenant_id";
const DURABLE = "durable_function";
/** Tags that come to be known later. */
const LEARNT = [
  "aws_account_id",
  "aws_runtime_version",
  "aws_runtime_version_arn",
  ARCHITECTURE,
  TENANT,
  DURABLE,
];
/** A durable function's runtime says so in its version. */
const DURABLE_RUNTIME = /DurableFunction/i;

/** Tags as far as the environment tells. A user's tag may name the `host`, but never replaces one of AWS's. */
export function createResource(options: ResourceOptions): Resource {
  const { env, hostname, schema } = options;
  const user = new Map<string, string>();
  for (const [key, value] of options.globalTags) user.set(key, substitute(value, hostname));
  let own = new Map<string, string>();
  for (const [variable, tag] of FROM_ENVIRONMENT) {
    const value = env[variable];
    if (value && !(schema === "datakit" && tag === "aws_lambda_function_version" && value === "$LATEST")) {
      own.set(tag, value);
    }
  }
  if (options.architecture !== undefined) own.set(ARCHITECTURE, options.architecture);
  let joined: ReadonlyMap<string, string> | undefined;

  function set(tag: string, value: string | undefined): void {
    if (value === undefined || value === "" || own.get(tag) === value) return;
    own = new Map(own).set(tag, value);
    joined = undefined;
  }

  return {
    keys: ["host", ...user.keys(), ...FROM_ENVIRONMENT.map(([, tag]) => tag), ...LEARNT],
    tags: (): ReadonlyMap<string, string> => {
      joined ??= new Map([...(hostname === "" ? [] : [["host", hostname] as const]), ...user, ...own]);
      return joined;
    },
    setAccountId: (accountId): void => set("aws_account_id", accountId),
    invoked: (event): void => {
      if (!own.has("aws_account_id")) set("aws_account_id", accountOf(event.invokedFunctionArn));
    },
    observe: (event): void => {
      switch (event.type) {
        case "platform.initStart":
        case "platform.restoreStart":
          set("aws_runtime_version", event.runtimeVersion);
          if (DURABLE_RUNTIME.test(event.runtimeVersion ?? "")) set(DURABLE, "true");
          set("aws_runtime_version_arn", event.runtimeVersionArn);
          if (!own.has("aws_lambda_initialization_type")) {
            set("aws_lambda_initialization_type", event.initializationType);
          }
          break;
        case "platform.start":
        case "platform.runtimeDone":
        case "platform.report":
          set(TENANT, event.tenantId);
      }
    },
  };
}

/** The fifth part of `arn:aws:lambda:<region>:<account>:function:<name>`. */
function accountOf(arn: string): string | undefined {
  return /^arn:[^:]*:lambda:[^:]*:(\d{12}):/.exec(arn)?.[1];
}

/** DataKit's placeholder for the host's name. */
function substitute(value: string, hostname: string): string {
  return value === "__datakit_hostname" || value === "$datakit_hostname" ? hostname : value;
}
