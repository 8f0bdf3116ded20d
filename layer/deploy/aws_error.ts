/** What went wrong at AWS, in one line that says what to do about it. */

/** A call that AWS refused or that did not get through. */
export class AwsError extends Error {
  override readonly name = "AwsError";

  constructor(
    message: string,
    /** AWS's name of the error, or that of the network's failure. */
    readonly code: string,
    /** Whether the same call may do better later. */
    readonly isPassing: boolean,
    /** As in IAM policies. */
    readonly action: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether what was asked for is not there. */
  get isNotFound(): boolean {
    return NOT_FOUND.has(this.code);
  }

  /** Whether the credentials are not known where they were used: the region may not be enabled for the account. */
  get isUnknownCredentials(): boolean {
    return UNKNOWN_CREDENTIALS.has(this.code);
  }

  /** Whether AWS has certainly done nothing and never will: not that it had no time, or that an answer was lost. */
  get isRefusal(): boolean {
    return !this.isPassing;
  }

  /** Whether the right is lacking. */
  get isDenied(): boolean {
    return DENIED.has(this.code);
  }

  /** Whether AWS had too many calls: this one certainly did nothing. */
  get isThrottled(): boolean {
    return THROTTLED.has(this.code);
  }
}

/** A call, for the message: its action as in IAM policies, and the region. */
export interface Call {
  readonly action: string;
  readonly region: string;
}

const NO_CREDENTIALS = new Set(["CredentialsProviderError", "TokenProviderError"]);
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);
/** Also what a region says that the account has not switched on, and a partition of another account. */
const UNKNOWN_CREDENTIALS = new Set([
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "AuthFailure",
  "InvalidAccessKeyId",
]);
const DENIED = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"]);
const THROTTLED = new Set([
  "TooManyRequestsException",
  "ThrottlingException",
  "ThrottledException",
  "Throttling",
  "RequestLimitExceeded",
  "SlowDown",
]);
const NOT_FOUND = new Set(["ResourceNotFoundException", "NoSuchEntity", "NoSuchEntityException"]);
const TOO_MANY_REQUESTS = 429;
const FIRST_SERVER_ERROR = 500;

/** Turns whatever the AWS SDK threw into an `AwsError` with the advice that fits. */
export function explain(error: unknown, { action, region }: Call): AwsError {
  if (error instanceof AwsError) return error;
  const { name: code, message } = error instanceof Error ? error : new Error(String(error));
  const told = firstLine(message);
  const make = (advice: string, isPassing = false): AwsError =>
    new AwsError(`Cannot do ${action} in ${region}${advice}`, code, isPassing, action, { cause: error });
  if (NO_CREDENTIALS.has(code)) {
    return make(
      ` as there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile (${told})`,
    );
  }
  if (EXPIRED.has(code)) return make(" as the AWS credentials have expired: sign in again");
  if (UNKNOWN_CREDENTIALS.has(code)) {
    return make(
      ` as the credentials are unknown there: the region is not enabled for the account, or they are of another partition (${code})`,
    );
  }
  if (DENIED.has(code)) return make(` as the credentials lack the right to (${code}: ${told})`);
  const status = statusOf(error);
  const isPassing = THROTTLED.has(code) || status === undefined || status === TOO_MANY_REQUESTS ||
    status >= FIRST_SERVER_ERROR;
  return make(`: ${code}${status === undefined ? "" : ` (${status})`}: ${told}`, isPassing);
}

/** Undefined when no answer came at all. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 300);
}
