/** What must never be in any output: every scenario is searched for it when it ends. */

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|API_KEY/;
/** Ordinary words are no secrets. */
const MIN_LENGTH = 6;

/** The secrets in an environment: values of variables named so, tokens and passwords in URLs; encoded forms too. */
export function secretsOf(env: Readonly<Record<string, string>>): readonly string[] {
  const found = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (SECRET_NAME.test(name)) found.add(value);
    for (const [, token = ""] of value.matchAll(/token=([^&,\s]+)/gi)) found.add(token);
    for (const [token] of value.matchAll(/tkn_\w+/g)) found.add(token);
    for (const [, password = ""] of value.matchAll(/^\w+:([^/\s@]+)@/g)) found.add(password);
    for (const [, password = ""] of value.matchAll(/:\/\/[^/\s@:]*:([^/\s@]+)@/g)) found.add(password);
  }
  for (const secret of [...found]) found.add(decodeURIComponent(secret)).add(encodeURIComponent(secret));
  return [...found].filter((secret) => secret.length >= MIN_LENGTH);
}

/** The lines with a secret in them, each with the secret's first letters. */
export function findSecrets(env: Readonly<Record<string, string>>, lines: readonly string[]): string[] {
  // The beginning alone would do to know it by.
  const secrets = secretsOf(env).map((secret) => secret.slice(0, 12));
  return lines.flatMap((line) =>
    secrets.filter((secret) => line.includes(secret)).map((secret) => `${secret.slice(0, 6)}… in: ${line}`)
  );
}
