import { assertEquals, assertRejects } from "@std/assert";
import { bundledPackages, readPackageFacts } from "../../../layer/attest/packages.ts";
import { scenario } from "../../support/scenario.ts";

const LOCKED = {
  name: "@s/lib",
  version: "1.0.0",
  sha512: undefined,
  hasInstallScript: false,
  isDeprecated: false,
};

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-packages-" });
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

scenario("bundledPackages tells each package of which the source maps name a module", async () => {
  await inFolder(async (folder) => {
    const sources = [
      "../../home/user/deno/npm/registry.example/hono/4.13.19/dist/hono.js",
      "../../home/user/deno/npm/registry.example/hono/4.13.19/dist/context.js",
      "../../home/user/deno/npm/registry.example/@s/lib/1.0.0-rc.1/mod.js",
      "../../src/main.ts",
    ];
    await Deno.writeTextFile(`${folder}/main.js.map`, JSON.stringify({ sources }));
    await Deno.writeTextFile(`${folder}/other.js.map`, JSON.stringify({ sources: ["../../src/x.ts"] }));
    await Deno.writeTextFile(`${folder}/main.js`, "// npm/registry.example/none/1.0.0/x.js");
    assertEquals(await bundledPackages(folder), new Set(["hono@4.13.19", "@s/lib@1.0.0-rc.1"]));
  });
});

scenario("bundledPackages refuses a bundle without source maps", async () => {
  await inFolder(async (folder) => {
    await assertRejects(() => bundledPackages(folder), Error, "has no source maps");
  });
});

scenario(
  "readPackageFacts tells licence and install scripts, of whatever registry the package is",
  async () => {
    await inFolder(async (folder) => {
      const place = `${folder}/registry.example/@s/lib/1.0.0`;
      await Deno.mkdir(place, { recursive: true });
      await Deno.mkdir(`${folder}/another.example`);
      const manifest = { license: "ISC", scripts: { test: "x", postinstall: "y", prepare: "z" } };
      await Deno.writeTextFile(`${place}/package.json`, JSON.stringify(manifest));
      assertEquals(await readPackageFacts(folder, LOCKED), {
        license: "ISC",
        installScripts: ["postinstall"],
      });
      assertEquals(await readPackageFacts(folder, { ...LOCKED, version: "2.0.0" }), undefined);
      await Deno.writeTextFile(`${place}/package.json`, "{}");
      assertEquals(await readPackageFacts(folder, LOCKED), { license: undefined, installScripts: [] });
    });
  },
);
