/** Certificates made on the spot, so that no key lies in the repository and none expires there. */

/** PEM texts: a private CA, and a server certificate it signed. */
export interface TestCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const OID_ECDSA_SHA256 = "2a8648ce3d040302";
const OID_COMMON_NAME = "550403";
const OID_BASIC_CONSTRAINTS = "551d13";
const OID_SUBJECT_ALT_NAME = "551d11";
const LIFE_MS = 86_400_000;

/**
 * A certificate for `127.0.0.1` and `localhost`, or for `hosts` alone (names, not addresses). Valid for a day before and
 * after `at`, Unix ms, which is now if it is not told.
 */
export async function createTestCertificate(
  hosts?: readonly string[],
  at: number = Date.now(),
): Promise<TestCertificate> {
  const authority = await createKeys();
  const server = await createKeys();
  const names = hosts === undefined
    ? [der(0x82, ascii("localhost")), der(0x87, Uint8Array.of(127, 0, 0, 1))]
    : hosts.map((host) => der(0x82, ascii(host)));
  const isAuthority = extension(OID_BASIC_CONSTRAINTS, sequence(der(0x01, Uint8Array.of(0xff))));
  const altNames = extension(OID_SUBJECT_ALT_NAME, sequence(...names));
  return {
    ca: await issue("Test CA", authority.publicKey, "Test CA", authority.privateKey, isAuthority, at),
    cert: await issue("Test server", server.publicKey, "Test CA", authority.privateKey, altNames, at),
    key: pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", server.privateKey))),
  };
}

async function createKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}

async function issue(
  subject: string,
  publicKey: CryptoKey,
  issuer: string,
  signer: CryptoKey,
  extensions: Uint8Array<ArrayBuffer>,
  at: number,
): Promise<string> {
  const algorithm = sequence(oid(OID_ECDSA_SHA256));
  const body = sequence(
    der(0xa0, integer(Uint8Array.of(2))),
    integer(crypto.getRandomValues(new Uint8Array(8))),
    algorithm,
    name(issuer),
    sequence(time(at - LIFE_MS), time(at + LIFE_MS)),
    name(subject),
    new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    der(0xa3, sequence(extensions)),
  );
  const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, signer, body));
  const signature = sequence(integer(raw.slice(0, 32)), integer(raw.slice(32)));
  return pem("CERTIFICATE", sequence(body, algorithm, der(0x03, concat([Uint8Array.of(0), signature]))));
}

function extension(id: string, value: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return sequence(oid(id), der(0x04, value));
}

function name(commonName: string): Uint8Array<ArrayBuffer> {
  return sequence(der(0x31, sequence(oid(OID_COMMON_NAME), der(0x0c, ascii(commonName)))));
}

function time(ms: number): Uint8Array<ArrayBuffer> {
  return der(0x18, ascii(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
}

function oid(hex: string): Uint8Array<ArrayBuffer> {
  return der(0x06, Uint8Array.fromHex(hex));
}

/** An unsigned number: no leading zeros, but one where the first bit would read as a sign. */
function integer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = bytes.slice(first < 0 ? bytes.byteLength - 1 : first);
  return der(0x02, (value[0] ?? 0) >= 0x80 ? concat([Uint8Array.of(0), value]) : value);
}

function sequence(...parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return der(0x30, concat(parts));
}

function der(tag: number, value: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const size = value.byteLength;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return concat([Uint8Array.of(tag, ...length), value]);
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function pem(label: string, bytes: Uint8Array<ArrayBuffer>): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
