/**
 * Bundles the program into few files: what registers with Lambda in one small file, and what is imported later
 * in others, which are not even read before registration is under way. Minified, because reading comments and
 * long names costs start-up time; source maps lie beside the result.
 */
import { runOrThrow } from "./command.ts";

/** A file of the bundle, by name. */
export type Files = ReadonlyMap<string, string>;

/** The bundler's own suffix, made of a hash that depends on where the project lies. */
const HASHED_NAME = /\b([\w-]+)-([A-Z2-7]{8})\.js\b/g;

/**
 * Bundles `entry` into `outDir`/main.js and the files it imports later. Equal sources give equal bytes and file
 * times, wherever the project lies. Throws with the bundler's message.
 */
export async function bundle(root: string, entry: string, outDir: string): Promise<void> {
  const rawDir = `${outDir}/raw`;
  const args = ["--minify", "--code-splitting", "--sourcemap=external", "--outdir", rawDir, entry];
  await runOrThrow(Deno.execPath(), ["bundle", "--quiet", "--frozen", ...args], { cwd: root });
  const raw = new Map<string, string>();
  for await (const { name } of Deno.readDir(rawDir)) {
    if (name.endsWith(".js")) raw.set(name, await Deno.readTextFile(`${rawDir}/${name}`));
  }
  const { files, names } = withStableNames(raw);
  for (const [name, text] of files) {
    refuseMachinePath(name, text);
    await Deno.writeTextFile(`${outDir}/${name}`, toAscii(text));
    await Deno.utime(`${outDir}/${name}`, 0, 0); // the time is compiled in
  }
  for (const [old, name] of names) await Deno.rename(`${rawDir}/${old}.map`, `${outDir}/${name}.map`);
  await Deno.remove(rawDir, { recursive: true });
}

/**
 * The files with names that depend on their contents only, and the new name of each. A file alone with its name
 * loses the hash; others are numbered in the order of their contents.
 */
export function withStableNames(
  raw: Files,
): { readonly files: Files; readonly names: ReadonlyMap<string, string> } {
  const groups = new Map<string, { readonly old: string; readonly key: string }[]>();
  for (const [old, text] of raw) {
    const base = old.replace(HASHED_NAME, "$1.js");
    const group = groups.get(base) ?? [];
    group.push({ old, key: text.replace(HASHED_NAME, "$1.js") });
    groups.set(base, group);
  }
  const names = new Map<string, string>();
  for (const [base, group] of groups) {
    group.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    const numbered = group.length > 1;
    group.forEach(({ old }, index) =>
      names.set(old, numbered ? base.replace(/\.js$/, `_${index + 1}.js`) : base)
    );
  }
  const files = new Map<string, string>();
  for (const [old, text] of raw) {
    files.set(names.get(old) ?? old, text.replace(HASHED_NAME, (word) => names.get(word) ?? word));
  }
  return { files, names };
}

/**
 * The same program in ASCII. A single other character makes V8 keep the whole file at two bytes a character, and a copy
 * of it; a file of ASCII is used where it lies, in the executable.
 */
export function toAscii(text: string): string {
  // The one place where an escape is not what it stands for.
  if (/String\.raw/.test(text)) throw new Error("Cannot ship String.raw as its text would change");
  // deno-lint-ignore no-control-regex
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A path of this machine in the bundle would make its bytes depend on the machine, and tell of it. */
function refuseMachinePath(name: string, text: string): void {
  const path = /(?:\.\.\/)+[\w./-]*\/npm\/[\w.-]+\/|file:\/\/\/\w+\//.exec(text);
  if (path !== null) throw new Error(`Cannot ship ${name} as it names a path of this machine: ${path[0]}`);
}
