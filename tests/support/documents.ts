/** The repository's documents, and what stands in them: for the tests that hold them to the code. */

const ROOT = new URL("../../", import.meta.url);
/** Made, fetched, or not ours to write. */
const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", "target", "dist"]);

/** One Markdown file. */
export interface Document {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** The text of a file, by its path from the repository's root. */
export function readFile(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Whether a file or folder is there. */
export async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, ROOT)).then(() => true, () => false);
}

/** Every document, in a fixed order; hidden folders are left out. */
export async function readDocuments(below = ""): Promise<readonly Document[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(below, ROOT)));
  const found: Document[] = [];
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (name.startsWith(".") || LEFT_OUT.has(name)) continue;
    const path = `${below}${name}`;
    if (isDirectory) found.push(...await readDocuments(`${path}/`));
    else if (name.endsWith(".md")) found.push({ path, text: await readFile(path) });
  }
  return found;
}

/** Without its blocks of code. */
function proseOf(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, "");
}

/** Its blocks of code, lines joined where a backslash continues them. */
export function blocksOf(text: string): readonly string[] {
  return Array.from(
    text.matchAll(/^ *```\w*\n([\s\S]*?)^ *```/gm),
    ([, block = ""]) => block.replaceAll(/\\\n\s*/g, ""),
  );
}

/** What stands between backticks in its prose. */
export function spansOf(text: string): readonly string[] {
  return Array.from(proseOf(text).matchAll(/`([^`]+)`/g), ([, span = ""]) => span.replaceAll(/\s+/g, " "));
}

/** Names of its headings as GitHub links to them; the second of one name ends in `-1`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of proseOf(text).matchAll(/^#+ (.+)$/gm)) {
    const name = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    let anchor = name;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${name}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Where its links and pictures lead, those to other hosts left out. */
export function linksOf(text: string): readonly string[] {
  return Array.from(proseOf(text).matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** `target` as it is meant in the document `from`, as a path from the repository's root. */
export function resolvePath(from: string, target: string): string {
  return new URL(target, new URL(from, "file:///")).pathname.slice(1);
}
