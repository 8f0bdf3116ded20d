import { assertEquals } from "@std/assert";
import { withoutMachinePaths } from "../../layer/compile.ts";

Deno.test("withoutMachinePaths names npm modules by package, and leaves everything else", () => {
  const bundled = [
    "// ../../home/me/.cache/deno/npm/registry.example/hono/4.13.19/dist/hono.js",
    "var init_hono = __esm({",
    '  "../../home/me/.cache/deno/npm/registry.example/hono/4.13.19/dist/hono.js"() {',
    'var text = "// /npm/registry.example/x";',
    '  "../npm/registry.example/x",',
    "// src/log.ts",
    "",
  ].join("\n");
  assertEquals(
    withoutMachinePaths(bundled),
    [
      "// npm:hono/4.13.19/dist/hono.js",
      "var init_hono = __esm({",
      '  "npm:hono/4.13.19/dist/hono.js"() {',
      'var text = "// /npm/registry.example/x";',
      '  "../npm/registry.example/x",',
      "// src/log.ts",
      "",
    ].join("\n"),
  );
});
