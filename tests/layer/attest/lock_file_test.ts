import { assertEquals, assertThrows } from "@std/assert";
import { readLockFile } from "../../../layer/attest/lock_file.ts";

/** 64 bytes of zero, as npm writes their hash. */
const INTEGRITY = `sha512-${"A".repeat(85)}A==`;

function lock(npm: unknown, rest: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ version: "5", npm, ...rest });
}

Deno.test("readLockFile tells names, versions, hashes and warnings of packages", () => {
  const text = lock({
    "hono@4.13.19": { integrity: INTEGRITY },
    "@scope/native@1.0.0-rc.1_react@19.0.0": { integrity: "sha1-AAAA", scripts: true, deprecated: true },
  });
  assertEquals(readLockFile(text), [
    {
      name: "hono",
      version: "4.13.19",
      sha512: "00".repeat(64),
      hasInstallScript: false,
      isDeprecated: false,
    },
    {
      name: "@scope/native",
      version: "1.0.0-rc.1",
      sha512: undefined,
      hasInstallScript: true,
      isDeprecated: true,
    },
  ]);
});

Deno.test("readLockFile refuses another format and packages that nobody would look at", () => {
  assertThrows(() => readLockFile('{"version":"6"}'), Error, "its version must be 5: it is 6");
  assertThrows(() => readLockFile(lock({}, { jsr: { "@std/x@1.0.0": {} } })), Error, "other than npm's: jsr");
  assertThrows(() => readLockFile(lock({}, { remote: { "x.ts": "00" } })), Error, "other than npm's: remote");
  assertThrows(() => readLockFile(lock({ hono: {} })), Error, "a package has no version: hono");
});
