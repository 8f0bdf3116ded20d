/** What an API call is answered with. `body` is sent as JSON, or as it is when it is bytes. */
export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error in AWS's form. @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html */
export function errorReply(status: number, errorType: string, errorMessage: string): ApiReply {
  return { status, body: { errorMessage, errorType } };
}

/** The answer to every accepted report: 202 and the word OK. */
export function acceptedReply(): ApiReply {
  return { status: 202, body: { status: "OK" } };
}

/** The answer when the sandbox is gone. AWS's documentation: 500 means exit promptly */
export function containerLostReply(): ApiReply {
  return errorReply(500, "InternalServerError", "Internal Server Error");
}

/** The text of a refused transition of a state machine. */
export function transitionError(from: string, to: string, who: string): string {
  return `State transition from ${from} to ${to} failed for ${who}. Error: State transition is not allowed`;
}
