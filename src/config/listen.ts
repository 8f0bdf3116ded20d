import type { ListenAddress } from "../pipeline/receiver.ts";
import type { SettingReader } from "./reader.ts";
import { readWords } from "./words.ts";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?=\d)|$)){4}$/;

/** Whether a host is this machine alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" ||
    (hostname.startsWith("127.") && IPV4.test(hostname));
}

/** An address, or `localhost`. Any other name would be asked for, for seconds, while the function's init waits. */
function isAddress(hostname: string): boolean {
  return hostname === "localhost" || IPV4.test(hostname) ||
    (hostname.includes(":") && URL.canParse(`http://[${hostname}]`));
}

/** `host:port`, `[v6]:port`, `:port` or a port alone; `undefined` when the text has none of these forms. */
function parseListenAddress(text: string, defaultHostname: string): ListenAddress | undefined {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:\s/]*):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) return undefined;
  return { hostname: (match[1] || defaultHostname).replace(/^\[|\]$/g, "").toLowerCase(), port };
}

/** One address on any host. */
export function readListenAddress(
  read: SettingReader,
  name: string,
  options: { readonly default: ListenAddress; readonly description: string },
): ListenAddress {
  const { hostname, port } = options.default;
  const shown = `${hostname}:${port}`;
  const text = read.text(name, { default: shown, description: options.description });
  const address = parseListenAddress(text, "0.0.0.0");
  const isNamed = text.includes(":");
  if (address !== undefined && (!isNamed || isAddress(address.hostname))) {
    return isNamed ? address : { hostname, port: address.port };
  }
  const used = address === undefined ? options.default : { hostname, port: address.port };
  read.problem({
    name,
    message: `Cannot use ${name} as it must be address:port: current value is ${read.quote(text)}`,
    used: `${used.hostname}:${used.port}`,
  });
  return used;
}

/**
 * A list of addresses, or `off`. Who sends is in this sandbox, so that all others (`0.0.0.0`, as a whole DataKit has
 * it) become loopback's.
 */
export function readLoopbackAddresses(
  read: SettingReader,
  name: string,
  options: { readonly default: readonly string[]; readonly description: string },
): readonly ListenAddress[] {
  const complain = (quoted: string): string =>
    `Cannot use an address of ${name} as it must be a loopback host:port: current value is ${quoted}`;
  const parse = (text: string): readonly ListenAddress[] | undefined => {
    if (/^(off|none|-)$/i.test(text)) return [];
    const address = parseListenAddress(text, "127.0.0.1");
    if (address === undefined || isLoopback(address.hostname)) return address && [address];
    const used = { hostname: "127.0.0.1", port: address.port };
    read.problem({ name, message: complain(read.quote(text)), used: `127.0.0.1:${used.port}` });
    return [used];
  };
  const addresses = readWords(read, name, { ...options, parse, complain });
  // One that is named twice would take its own port.
  return Map.groupBy(addresses, ({ hostname, port }) => `${hostname} ${port}`).values()
    .flatMap((same) => same.slice(0, 1)).toArray();
}
