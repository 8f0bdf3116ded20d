/** Reads `deno.lock`: the exact packages and their hashes that any build of the project uses. */

/** A package of the lock file. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-512 of the package's archive in hexadecimal digits; undefined when the lock file has no such hash. */
  readonly sha512: string | undefined;
  /** Whether the package wants to run commands when it is installed. */
  readonly hasInstallScript: boolean;
  readonly isDeprecated: boolean;
}

const LOCK_VERSION = "5";
/** `name@version`, then the peers it was resolved with: `_react@19.0.0`. */
const KEY = /^(@?[^@]+)@([^_]+)(?:_.*)?$/;

/**
 * The npm packages of a lock file. Throws when its format is another one, or when it has packages from elsewhere
 * (JSR or URLs), which nothing here would look at.
 */
export function readLockFile(text: string): LockedPackage[] {
  const lock = objectOf(JSON.parse(text));
  if (lock["version"] !== LOCK_VERSION) {
    throw new Error(`Cannot read deno.lock as its version must be ${LOCK_VERSION}: it is ${lock["version"]}`);
  }
  for (const kind of ["jsr", "remote", "redirects"]) {
    if (Object.keys(objectOf(lock[kind])).length > 0) {
      throw new Error(`Cannot vouch for deno.lock as it has packages other than npm's: ${kind}`);
    }
  }
  return Object.entries(objectOf(lock["npm"])).map(([key, value]) => {
    const [, name, version] = KEY.exec(key) ?? [];
    if (name === undefined || version === undefined) {
      throw new Error(`Cannot read deno.lock as a package has no version: ${key}`);
    }
    const facts = objectOf(value);
    return {
      name,
      version,
      sha512: sha512Of(facts["integrity"]),
      hasInstallScript: facts["scripts"] === true,
      isDeprecated: facts["deprecated"] === true,
    };
  });
}

function sha512Of(integrity: unknown): string | undefined {
  if (typeof integrity !== "string" || !integrity.startsWith("sha512-")) return undefined;
  const bytes = Uint8Array.fromBase64(integrity.slice("sha512-".length));
  return bytes.length === 64 ? bytes.toHex() : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
