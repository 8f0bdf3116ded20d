import type { ListenAddress } from "../pipeline/receiver.ts";
import type { SettingReader } from "./reader.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

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
  if (address !== undefined) return text.includes(":") ? address : { hostname, port: address.port };
  read.problem({
    name,
    message: `Cannot use ${name} as it must be host:port: current value is ${read.quote(text)}`,
    used: shown,
  });
  return options.default;
}

/** A list of addresses, or `off`. Who sends is in this sandbox, so only loopback hosts pass. */
export function readLoopbackAddresses(
  read: SettingReader,
  name: string,
  options: { readonly default: readonly string[]; readonly description: string },
): readonly ListenAddress[] {
  const addresses: ListenAddress[] = [];
  for (const text of read.list(name, options)) {
    if (/^(off|none|-)$/i.test(text)) continue;
    const address = parseListenAddress(text, "127.0.0.1");
    if (address !== undefined && LOOPBACK.test(address.hostname)) addresses.push(address);
    else {
      read.problem({
        name,
        message: `Cannot use an address of ${name} as it must be a loopback host:port: current value is ${
          read.quote(text)
        }`,
        used: "the others",
      });
    }
  }
  return addresses;
}
