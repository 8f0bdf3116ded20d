import { assertEquals } from "@std/assert";
import { chooseProxy } from "../../src/dataway/tunnel.ts";

function proxyOf(
  hostname: string,
  proxyUrl: string | undefined,
  env: Record<string, string>,
): string | undefined {
  return chooseProxy(hostname, proxyUrl, env)?.host;
}

Deno.test("chooseProxy() prefers the setting, then HTTPS_PROXY, then ALL_PROXY, in either case", () => {
  const env = { https_proxy: "http://low:1", ALL_PROXY: "http://all:2" };
  assertEquals(proxyOf("a.example", "http://own:3", env), "own:3");
  assertEquals(proxyOf("a.example", undefined, env), "low:1");
  assertEquals(proxyOf("a.example", undefined, { ALL_PROXY: "all:2" }), "all:2");
  assertEquals(proxyOf("a.example", undefined, { HTTP_PROXY: "http://plain:4" }), undefined);
});

Deno.test("chooseProxy() spares what NO_PROXY names", () => {
  const sparedOf = (NO_PROXY: string): boolean[] =>
    ["a.example", "sub.a.example", "ba.example"].map((host) =>
      proxyOf(host, undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY }) === undefined
    );
  assertEquals(sparedOf("x, a.example"), [true, true, false]);
  assertEquals(sparedOf(".a.example"), [true, true, false]);
  assertEquals(sparedOf("*"), [true, true, true]);
  assertEquals(sparedOf(" , "), [false, false, false]);
});
