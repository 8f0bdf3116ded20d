import type { Environment } from "../../config/reader.ts";
import { bareHost, portOf } from "./connection.ts";

/** Schemes that a proxy may have. */
export const PROXY_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks5h:"]);

/** A proxy named by the environment, and its variable. */
export interface NamedProxy {
  readonly name: string;
  readonly text: string;
}

/**
 * The proxy through which `target` is reached, or `undefined` for none: `proxyUrl` if given, else that of
 * `HTTPS_PROXY` or `HTTP_PROXY`, by the target's scheme, or `ALL_PROXY`. `NO_PROXY` counts for either. All variables
 * may be in lower case too. One that is no URL of a proxy counts for nothing.
 */
export function chooseProxy(
  target: URL,
  proxyUrl: string | undefined,
  env: Environment,
): URL | undefined {
  const text = proxyUrl ?? namedProxy(target, env)?.text;
  if (text === undefined || isExempt(target, variable("NO_PROXY", env)?.text ?? "")) return undefined;
  return parseProxy(text);
}

/** What the environment says of the proxy for `target`. */
export function namedProxy(target: URL, env: Environment): NamedProxy | undefined {
  return variable(target.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY", env) ??
    variable("ALL_PROXY", env);
}

/** A proxy's URL, `http://` where it names no scheme; `undefined` when it is not a URL. */
export function parseProxy(text: string): URL | undefined {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  return url !== null && PROXY_SCHEMES.has(url.protocol) && url.hostname !== "" ? url : undefined;
}

function variable(name: string, env: Environment): NamedProxy | undefined {
  for (const spelled of [name, name.toLowerCase()]) {
    const text = env[spelled]?.trim() ?? "";
    if (text !== "") return { name: spelled, text };
  }
  return undefined;
}

/**
 * Whether `NO_PROXY` names `target`. As Go and curl read it: a comma list, in any case, of `*`; addresses and CIDR
 * blocks, which mean addresses and no names; and domains with all below them. `.corp` is `corp` (curl), `*.corp` is
 * only what is below (Go). Each may end in `:port` and means that port alone then (Go).
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy and https://curl.se/docs/manpage.html#--noproxy
 */
export function isExempt(target: URL, noProxy: string): boolean {
  const host = bareHost(target).replace(/\.$/, "").toLowerCase();
  const address = parseAddress(host);
  return noProxy.split(",").some((entry) => {
    const rule = parseRule(entry.trim().toLowerCase());
    if (rule.port !== undefined && rule.port !== portOf(target)) return false;
    if (rule.host === "*") return true;
    return address === undefined ? isWithinDomain(host, rule.host) : isWithinBlock(address, rule.host);
  });
}

interface Rule {
  readonly host: string;
  readonly port: number | undefined;
}

function parseRule(entry: string): Rule {
  const [, bracketed, host, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  // An IPv6 address without brackets has colons of its own.
  if (bracketed === undefined && host === undefined) return { host: entry, port: undefined };
  return { host: bracketed ?? host ?? "", port: port === undefined ? undefined : Number(port) };
}

function isWithinDomain(host: string, rule: string): boolean {
  const isWildcard = rule.startsWith("*.");
  const domain = toAscii(rule.replace(/^\*?\./, "").replace(/\.$/, ""));
  if (domain === "") return false;
  return host.endsWith(`.${domain}`) || (host === domain && !isWildcard);
}

/** As a URL spells it: names in other alphabets are in Punycode there. */
function toAscii(domain: string): string {
  return /^[\x20-\x7e]*$/.test(domain) ? domain : URL.parse(`http://${domain}`)?.hostname ?? domain;
}

function isWithinBlock(address: Uint8Array, rule: string): boolean {
  const [text = "", bits] = rule.split("/");
  const block = parseAddress(text);
  if (block === undefined || block.byteLength !== address.byteLength) return false;
  const all = block.byteLength * 8;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return false;
  const prefix = bits === undefined ? all : Number(bits);
  if (prefix > all) return false;
  return block.every((byte, at) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, prefix - at * 8))) & 0xff;
    return (byte & mask) === ((address[at] ?? 0) & mask);
  });
}

/** The bytes of an address: 4, also for IPv4 written as IPv6, or 16; `undefined` for a name. */
function parseAddress(text: string): Uint8Array | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : undefined;
  }
  if (!text.includes(":")) return undefined;
  const shown = URL.parse(`http://[${text}]`)?.hostname.slice(1, -1);
  if (shown === undefined) return undefined;
  const [before = "", after] = shown.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((hex) => parseInt(hex, 16));
  const [head, tail] = [words(before), words(after ?? "")];
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
  const bytes = Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 &&
    bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}
