/** The sections on where released layers are: made from the one address below and from the list of ARNs. */
import type { Arch } from "../build/base_runtime.ts";
import { encodeTable, LIST_NAME, type ListedLayer } from "./publish_list.ts";
import { releasedFiles, zipNameOf } from "./release_folder.ts";

/** Where a release's files are put: the address of the product's documentation. The one place that names it. */
export const DOWNLOAD_BASE_URL = "https://static.guance.com/datakit";

/** The words of one language, and where they stand in its document. */
interface Language {
  readonly begin: string;
  readonly end: string;
  readonly headings: readonly string[];
  /** Of the files that belong to a zip, in the order of `releasedFiles`. */
  readonly kinds: readonly string[];
  readonly arns: string;
  readonly check: string;
  readonly caution: string;
  readonly none: string;
}

const ENGLISH: Language = {
  begin: "<!-- download: made by deno task release --readme -->",
  end: "<!-- /download -->",
  headings: ["file", "x86_64", "arm64"],
  kinds: ["layer", "SHA-256", "SBOM (CycloneDX)", "provenance (in-toto, SLSA)"],
  arns:
    `Layer versions by region and architecture, for machines: [${LIST_NAME}](${DOWNLOAD_BASE_URL}/${LIST_NAME}).`,
  check: "Check what you got:",
  caution:
    "The extension written in Go has the same file names. A zip without its `.sha256`, or with another hash, is no release of this one.",
  none: "No published layer version is listed here: publish the zip in your own account.",
};

const CHINESE: Language = {
  begin: "<!-- download zh: made by deno task release --readme -->",
  end: "<!-- /download zh -->",
  headings: ["文件", "x86_64", "arm64"],
  kinds: ["层", "SHA-256", "SBOM（CycloneDX）", "构建来源（in-toto，SLSA）"],
  arns: `各区域与架构的层版本（供程序读取）：[${LIST_NAME}](${DOWNLOAD_BASE_URL}/${LIST_NAME})。`,
  check: "校验下载的文件：",
  caution: "Go 版扩展使用相同的文件名：没有 `.sha256`，或哈希不符的 zip，不是本扩展的发布。",
  none: "此处没有列出已发布的层版本：请在自己的账号中以 zip 创建层。",
};

/** The documents that have such a section, from the repository's root. */
export const DOWNLOAD_DOCUMENTS: ReadonlyMap<string, Language> = new Map([
  ["README.md", ENGLISH],
  ["src/README.zh.md", CHINESE],
]);

/**
 * `text` of the document `path` with its section as it should be. `layers` are those of the list of ARNs, of which the
 * table shows this version's. Throws when a marker is missing.
 */
export function withDownloads(
  path: string,
  text: string,
  layers: readonly ListedLayer[],
  extensionVersion: string,
): string {
  const language = DOWNLOAD_DOCUMENTS.get(path) ?? ENGLISH;
  const [begin, end] = [text.indexOf(language.begin), text.indexOf(language.end)];
  if (begin === -1 || end < begin) throw new Error(`${path} lacks ${language.begin} or ${language.end}`);
  const section = encodeSection(language, layers, extensionVersion);
  return `${text.slice(0, begin + language.begin.length)}\n\n${section}\n\n${text.slice(end)}`;
}

function encodeSection(language: Language, layers: readonly ListedLayer[], extensionVersion: string): string {
  const { headings, kinds, arns, check, caution, none } = language;
  const link = (name: string): string => `[${name.replace(/^.*linux-/, "…")}](${DOWNLOAD_BASE_URL}/${name})`;
  const rows = kinds.map((kind, index) => {
    const cell = (arch: Arch): string => link(releasedFiles(arch)[index] ?? "");
    return `| ${kind} | ${cell("amd64")} | ${cell("arm64")} |`;
  });
  const zip = zipNameOf("amd64");
  const isPublished = layers.some((layer) => layer.extensionVersion === extensionVersion);
  return [
    // Padded to the longest address, the table would be twice as long.
    "<!-- deno-fmt-ignore-start -->",
    "",
    `| ${headings.join(" | ")} |`,
    `| ${headings.map(() => "---").join(" | ")} |`,
    ...rows,
    "",
    "<!-- deno-fmt-ignore-end -->",
    "",
    check,
    "",
    "```sh",
    `curl -f -O ${DOWNLOAD_BASE_URL}/${zip} \\`,
    `  -O ${DOWNLOAD_BASE_URL}/${zip}.sha256`,
    `sha256sum -c ${zip}.sha256`,
    "```",
    "",
    caution,
    "",
    isPublished ? `${arns}\n\n${encodeTable(layers, extensionVersion)}` : none,
  ].join("\n");
}
