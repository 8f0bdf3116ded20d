/** The page as a file: what its sources give, and nothing it would have to fetch. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { hashSources, PAGE } from "./build_page.ts";
import { readPageFile } from "./page_file.ts";
import { scenario } from "../../support/scenario.ts";

const MAX_SERVED_BYTES = 60 * 1024;

scenario("page.html is what its sources give: else run deno task page", async () => {
  const html = await Deno.readTextFile(PAGE);
  const told = /made by deno task page of sources ([0-9a-f]{16})/.exec(html)?.[1];
  assertEquals(told, await hashSources());
});

scenario("page.html has one style and one script in it, and asks nobody but its own server", async () => {
  const html = await Deno.readTextFile(PAGE);
  assertEquals(html.match(/<script/g)?.length, 1);
  assertEquals(html.match(/<style/g)?.length, 1);
  assertEquals(html.match(/\b(?:src|srcset|action)=/g), null);
  assertEquals(html.match(/<link[^>]+href="(?!data:)/g), null);
  assertEquals(
    html.match(/@import|@font-face|\burl\(|\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|\beval\(/g),
    null,
  );
  const addresses = [...html.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => address);
  assertEquals(new Set(addresses), new Set(["http://www.w3.org/2000/svg"]), "names of XML only");
  const asked = [...html.matchAll(/["'`](\/[a-z][^"'`$?]*)/g)].map(([, path = ""]) => path);
  assertEquals(asked.filter((path) => !path.startsWith("/api/")), []);
});

scenario("page.html is small as it is served", async () => {
  const html = await Deno.readFile(PAGE);
  const bytes = gzipSync(html).length;
  assert(bytes <= MAX_SERVED_BYTES, `${bytes} bytes`);
});

scenario("readPageFile() gives a policy that names this script and this style", async () => {
  const { headers, reportPolicy } = await readPageFile();
  const policy = headers["content-security-policy"] ?? "";
  assertMatch(policy, /^default-src 'none'; connect-src 'self'; img-src data:; style-src 'sha256-[^']+'; /);
  assertMatch(
    policy,
    /script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  assert(!policy.includes("unsafe"));
  assert(!reportPolicy.includes("connect-src"), "a report has nobody to ask");
});
