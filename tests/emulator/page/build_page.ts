/**
 * `deno task page`: makes `page.html` of what is in `browser/`: one file with its style and its script, which needs
 * no request but for data. It is kept in the repository, so that to see the page takes no bundler; with `--check` it
 * is only looked at whether it is what its sources give.
 */
const SOURCES = new URL("./browser/", import.meta.url);
const SHARED = ["./state.ts", "./report.ts"].map((file) => new URL(file, import.meta.url));
export const PAGE = new URL("./page.html", import.meta.url);

if (import.meta.main) {
  const html = await buildPage();
  if (Deno.args.includes("--check")) {
    const isSame = html === await Deno.readTextFile(PAGE).catch(() => "");
    say(isSame ? "page.html is what its sources give" : "page.html is old: run deno task page");
    Deno.exit(isSame ? 0 : 1);
  }
  await Deno.writeTextFile(PAGE, html);
  say(`page.html has ${new TextEncoder().encode(html).length} bytes`);
}

/** The page's text. */
async function buildPage(): Promise<string> {
  const template = await Deno.readTextFile(new URL("page.template.html", SOURCES));
  const style = shrinkCss(await Deno.readTextFile(new URL("style.css", SOURCES)));
  const script = await bundle();
  const mark = `<!-- made by deno task page of sources ${await hashSources()} -->`;
  return shrinkHtml(template)
    .replace(/<!doctype html>/i, () => `<!doctype html>\n${mark}`)
    .replace("<!--style-->", () => `<style>${style}</style>`)
    .replace("<!--script-->", () => `<script>${script}</script>`);
}

/** What the page is made of, in 16 digits: to be compared with what `page.html` says of itself. */
export async function hashSources(): Promise<string> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(SOURCES)) if (!name.endsWith("_test.ts")) names.push(name);
  const files = [...names.toSorted().map((name) => new URL(name, SOURCES)), ...SHARED];
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  const bytes = new TextEncoder().encode(texts.join("\0").replaceAll("\r\n", "\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}

async function bundle(): Promise<string> {
  const entry = new URL("main.ts", SOURCES).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--platform", "browser", "--format", "iife", entry],
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  if (code !== 0) throw new Error(`Cannot bundle the page: ${new TextDecoder().decode(stderr)}`);
  const script = new TextDecoder().decode(stdout).trim();
  // Chinese as it is takes half the bytes of its escapes; nothing in the script may end its element.
  return script
    .replaceAll(
      /\\u([2-9][0-9A-F]{3}|F[EF][0-9A-F]{2})/g,
      (_, code) => String.fromCharCode(parseInt(code, 16)),
    )
    .replaceAll("</script", "<\\/script");
}

function shrinkCss(css: string): string {
  return css.replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}

function shrinkHtml(html: string): string {
  return html.replaceAll(/\n\s+/g, "\n").replaceAll(/(<\w+)\n/g, "$1 ");
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
