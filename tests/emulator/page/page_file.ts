/** The page as it is served and as it is kept in a report. */

export interface PageFile {
  readonly html: string;
  /** With a policy that lets it run its own script, use its own style and ask its own server, and nothing else. */
  readonly headers: Readonly<Record<string, string>>;
  /** The policy of a page in a file, which has no server to ask. */
  readonly reportPolicy: string;
}

/** Made by `deno task page` of what is in `browser/`. */
const PAGE_URL = new URL("./page.html", import.meta.url);

/** Reads the page. */
export async function readPageFile(url: URL = PAGE_URL): Promise<PageFile> {
  const html = await Deno.readTextFile(url);
  const style = `style-src '${await hashOf(html, "style")}'`;
  const script = `script-src '${await hashOf(html, "script")}'`;
  const shared = `img-src data:; ${style}; ${script}; base-uri 'none'; form-action 'none'`;
  return {
    html,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; connect-src 'self'; ${shared}; frame-ancestors 'none'`,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
    reportPolicy: `default-src 'none'; ${shared}`,
  };
}

async function hashOf(html: string, tag: "style" | "script"): Promise<string> {
  const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)?.[1];
  if (text === undefined) throw new SyntaxError(`Cannot serve the page as it has no <${tag}>`);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
