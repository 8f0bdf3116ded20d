/** Temporary credentials of the function's role. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The role's credentials: from the environment, or, after a SnapStart restore, from the container credentials
 * endpoint. Throws when neither tells them.
 * @see `spec/lambda.md` 1.9 and 4.1
 */
export async function loadCredentials(
  env: Env,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Credentials> {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: env["AWS_SESSION_TOKEN"] };
  }
  const url = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (!url) throw new Error("Cannot sign requests as the environment holds no credentials");
  const response = await send(url, {
    headers: { authorization: env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "" },
    redirect: "error",
    signal,
  });
  const body: unknown = await response.json();
  if (!response.ok || typeof body !== "object" || body === null) {
    throw new Error(
      `Cannot sign requests as the credentials endpoint refused: current value is ${response.status}`,
    );
  }
  const text = (key: string): string => {
    const value: unknown = Reflect.get(body, key);
    return typeof value === "string" ? value : "";
  };
  return {
    accessKeyId: text("AccessKeyId"),
    secretAccessKey: text("SecretAccessKey"),
    sessionToken: text("Token") || undefined,
  };
}
