/** The imports between the files of a folder, for the tests that hold its architecture. */
import { assertEquals } from "@std/assert";

/** One file imports another; both relative to the folder. */
export interface ImportEdge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  /** Loaded when it is asked for. */
  readonly dynamic?: boolean;
}

/** The part of `deno info --json` that is used here. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

interface Dependency {
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
  readonly isDynamic?: boolean;
}

/**
 * Every import between files of `folder`, as Deno itself sees them; those reached from `entries` are read first.
 * A file that they do not reach is asked for by itself. Fails when Deno cannot read one.
 */
export async function readImports(folder: URL, entries: readonly string[]): Promise<ImportEdge[]> {
  const edges = new Map<string, ImportEdge[]>();
  for (const root of [...entries, ...sourceFiles(folder)]) {
    if (edges.has(root)) continue;
    const args = ["info", "--json", "--frozen", new URL(root, folder).pathname];
    const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
    assertEquals(success, true, `deno info ${root}`);
    const { modules }: { modules: readonly Module[] } = JSON.parse(new TextDecoder().decode(stdout));
    for (const { specifier, dependencies = [] } of modules) {
      const from = relative(folder, specifier);
      if (from === undefined) continue;
      edges.set(from, dependencies.flatMap((dependency) => toEdge(folder, from, dependency)));
    }
  }
  return Array.from(edges.values()).flat();
}

/** The folder's TypeScript files at any depth, in a fixed order, without declarations. */
export function sourceFiles(folder: URL, below = ""): string[] {
  return Array.from(Deno.readDirSync(new URL(below, folder))).flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sourceFiles(folder, `${below}${name}/`);
    return name.endsWith(".ts") && !name.endsWith(".d.ts") ? [`${below}${name}`] : [];
  }).sort();
}

function toEdge(folder: URL, from: string, { code, type, isDynamic = false }: Dependency): ImportEdge[] {
  const to = relative(folder, code?.specifier ?? type?.specifier ?? "");
  return to === undefined ? [] : [{ from, to, typeOnly: code === undefined, dynamic: isDynamic }];
}

function relative(folder: URL, specifier: string): string | undefined {
  return specifier.startsWith(folder.href) ? specifier.slice(folder.href.length) : undefined;
}
