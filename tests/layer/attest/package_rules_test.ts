import { assertEquals } from "@std/assert";
import { checkPackages, checkPins } from "../../../layer/attest/package_rules.ts";
import type { KnownPackage } from "../../../layer/attest/packages.ts";

const GOOD: KnownPackage = {
  name: "lib",
  version: "1.0.0",
  sha512: "00".repeat(64),
  hasInstallScript: false,
  isDeprecated: false,
  license: "MIT",
  installScripts: [],
};

function verdicts(...packages: readonly KnownPackage[]): string[] {
  return checkPackages(packages).map(({ verdict, what, details }) => `${verdict} ${what}: ${details}`);
}

Deno.test("checkPackages has nothing against a pinned package under a permissive licence", () => {
  assertEquals(verdicts(GOOD, { ...GOOD, name: "other", license: "(GPL-3.0-only OR Apache-2.0)" }), [
    "ok lib 1.0.0: MIT, hash pinned, no install script",
    "ok other 1.0.0: (GPL-3.0-only OR Apache-2.0), hash pinned, no install script",
  ]);
});

Deno.test("checkPackages tells licences, scripts, deprecation and a missing hash", () => {
  assertEquals(verdicts({ ...GOOD, license: "GPL-3.0-only" }), ["WRONG lib 1.0.0: licence GPL-3.0-only"]);
  assertEquals(verdicts({ ...GOOD, license: "MIT AND GPL-3.0-only" }), [
    "WRONG lib 1.0.0: licence MIT AND GPL-3.0-only",
  ]);
  assertEquals(
    verdicts({
      ...GOOD,
      license: undefined,
      sha512: undefined,
      isDeprecated: true,
      installScripts: ["postinstall"],
    }),
    ["WRONG lib 1.0.0: licence not told; no SHA-512 in deno.lock; has install scripts: postinstall; deprecated"],
  );
});

Deno.test("checkPackages tells two versions of one package", () => {
  assertEquals(verdicts(GOOD, { ...GOOD, version: "2.0.0" }), [
    "WRONG lib 1.0.0: also there as 2.0.0",
    "WRONG lib 2.0.0: also there as 1.0.0",
  ]);
});

Deno.test("checkPins wants exact versions and no scripts", () => {
  const good = { imports: { a: "npm:a@1.2.3", b: "npm:@s/b@1.0.0-rc.1/mod.js", c: "./src/c.ts" } };
  assertEquals(checkPins(good).map(({ verdict }) => verdict), ["ok", "ok"]);
  for (
    const target of ["npm:a", "npm:a@^1.2.3", "npm:a@1", "npm:a@latest", "jsr:@s/a@1.2.3", "https://x/a.ts"]
  ) {
    assertEquals(checkPins({ imports: { a: target } })[0]?.verdict, "WRONG", target);
  }
  assertEquals(checkPins({ imports: {}, allowScripts: ["npm:a"] })[1]?.verdict, "WRONG");
});
