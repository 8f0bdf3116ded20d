import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DOWNLOAD_BASE_URL, DOWNLOAD_DOCUMENTS, withDownloads } from "../../../layer/deploy/downloads.ts";
import { releasedFiles } from "../../../layer/deploy/release_folder.ts";
import type { ListedLayer } from "../../../layer/deploy/publish_list.ts";
import { VERSION } from "../../../src/version.ts";
import { readDocuments } from "../../support/documents.ts";
import { scenario } from "../../support/scenario.ts";

const read = (path: string): Promise<string> =>
  Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
/** The formatter pads tables and wraps prose; what they say is the words. */
const words = (text: string): string => text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");

/** The layers that a table of ARNs shows. */
function shownLayers(readme: string): ListedLayer[] {
  return Array.from(
    readme.matchAll(/`(arn:([\w-]+):lambda:([\w-]+):\d{12}:layer:[\w-]+-(x86_64|arm64):\d+)`/g),
  )
    .map(([, arn = "", partition = "", region = "", architecture]) => ({
      partition,
      region,
      arch: architecture === "arm64" ? "arm64" : "amd64",
      arn,
      extensionVersion: VERSION,
      sha256: "",
      sharedWith: [],
    }));
}

scenario(
  "the downloads are those of a release, in both languages, with the ARNs that are shown",
  async () => {
    assertEquals(DOWNLOAD_DOCUMENTS.size, 2);
    for (const path of DOWNLOAD_DOCUMENTS.keys()) {
      const text = await read(path);
      const section = text.slice(text.search(/<!-- download/), text.search(/<!-- \/download/));
      assertEquals(words(text), words(withDownloads(path, text, shownLayers(section), VERSION)));
    }
  },
);

scenario("no document names an address of a download but that of the one constant", async () => {
  for (const { path, text } of await readDocuments()) {
    if (path.startsWith("tests/spec/")) continue;
    const files = Array.from(text.matchAll(/https?:\/\/[^\s)>\]]+\.(?:zip|sha256|json)\b/g), ([url]) => url);
    if (DOWNLOAD_DOCUMENTS.has(path)) assert(files.length >= 8, path);
    assertEquals(files.filter((url) => !url.startsWith(`${DOWNLOAD_BASE_URL}/`)), [], path);
  }
});

Deno.test("withDownloads shows the ARNs of this version only, and says when there is none", () => {
  const empty = "<!-- download: made by deno task release --readme -->\n<!-- /download -->";
  const layer = (extensionVersion: string, number: number): ListedLayer => ({
    partition: "aws",
    region: number === 1 ? "us-east-1" : "eu-west-1",
    arch: "arm64",
    arn: `arn:aws:lambda:r:123456789012:layer:datakit-arm64:${number}`,
    extensionVersion,
    sha256: "",
    sharedWith: [],
  });
  const text = withDownloads("README.md", empty, [layer("1.0.0", 1), layer("2.0.0", 2)], "2.0.0");
  assertEquals(text.match(/^\| eu-west-1 \| +\| `arn:aws:.*:2` \|$/gm)?.length, 1, text);
  assertEquals(text.includes("us-east-1"), false);
  for (const name of releasedFiles("arm64")) assertStringIncludes(text, `(${DOWNLOAD_BASE_URL}/${name})`);
  assertStringIncludes(
    withDownloads("README.md", empty, [], "2.0.0"),
    "No published layer version is listed here",
  );
  assertThrows(() => withDownloads("src/README.zh.md", "", [], "2.0.0"), Error, "src/README.zh.md lacks");
});
