/**
 * Signatures for AWS's OTLP endpoints, with the function's role.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "../dataway/secret/credentials.ts";

/** What is signed. */
export interface Unsigned {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it goes over the wire. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The headers to send, signature included. */
export type Sign = (request: Unsigned, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;

export interface SignerOptions {
  /** Asked for when none are known, or those known expire. */
  readonly credentials: (signal: AbortSignal) => Promise<Credentials>;
  /** Where the host does not tell them. */
  readonly service: string;
  readonly region: string;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Credentials are asked for anew this long before they expire, in ms. */
const RENEW_MS = 300_000;

/** A signer that keeps the credentials as long as they are good. The signer's own keys live a day. */
export function createSigner({ credentials, service, region, now }: SignerOptions): Sign {
  let known: Credentials | undefined;
  const keys = new Map<string, ArrayBuffer>();

  async function current(signal: AbortSignal): Promise<Credentials> {
    if (known === undefined || (known.expiresAt ?? Infinity) - now() < RENEW_MS) {
      keys.clear();
      known = await credentials(signal);
    }
    return known;
  }

  return async ({ url, headers, body }, signal) => {
    const { accessKeyId, secretAccessKey, sessionToken } = await current(signal);
    const named = serviceOf(new URL(url).hostname);
    const signed = await new AwsV4Signer({
      method: "POST",
      url,
      headers: { ...headers },
      body,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: service || named?.service || "",
      region: named?.region ?? region,
      datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      cache: keys,
    }).sign();
    return Object.fromEntries(signed.headers);
  };
}

/** Whether a host is one of AWS's. */
export function isAwsHost(hostname: string): boolean {
  return /\.amazonaws\.com(\.cn)?$/.test(hostname);
}

/** Of `<service>.<region>.amazonaws.com`, with or without something before it. */
function serviceOf(hostname: string): { readonly service: string; readonly region: string } | undefined {
  const [, service, region] = /^(?:.+\.)?([a-z0-9-]+)\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/
    .exec(hostname) ?? [];
  return service === undefined || region === undefined ? undefined : { service, region };
}
