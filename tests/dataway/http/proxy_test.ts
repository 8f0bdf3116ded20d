import { assert, assertEquals } from "@std/assert";
import { chooseProxy, isExempt } from "../../../src/dataway/http/proxy.ts";

function proxyOf(url: string, proxyUrl: string | undefined, env: Record<string, string>): string | undefined {
  return chooseProxy(new URL(url), proxyUrl, env)?.host;
}

Deno.test("chooseProxy() prefers the setting, then the scheme's variable, then ALL_PROXY, in either case", () => {
  const env = { https_proxy: "http://low:1", ALL_PROXY: "http://all:2", HTTP_PROXY: "http://plain:4" };
  assertEquals(proxyOf("https://a.example", "http://own:3", env), "own:3");
  assertEquals(proxyOf("https://a.example", undefined, env), "low:1");
  assertEquals(proxyOf("http://a.example", undefined, env), "plain:4");
  assertEquals(proxyOf("https://a.example", undefined, { ALL_PROXY: "all:2" }), "all:2");
  assertEquals(proxyOf("https://a.example", undefined, { HTTP_PROXY: "http://plain:4" }), undefined);
  assertEquals(proxyOf("https://a.example", undefined, { HTTPS_PROXY: "", https_proxy: "low:1" }), "low:1");
});

Deno.test("chooseProxy() takes schemes of proxies, and none that is no URL", () => {
  const of = (HTTPS_PROXY: string): string | undefined =>
    proxyOf("https://a.example", undefined, { HTTPS_PROXY });
  assertEquals(
    ["socks5://p:1", "socks5h://p:1", "https://p:1", "p:1", "user:pass@p:1"].map(of),
    ["p:1", "p:1", "p:1", "p:1", "p:1"],
  );
  assertEquals(["ftp://p:1", "://", "http://", "p:99999"].map(of), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

/** What Go's `httpproxy` and curl say of these, where they agree; else as the comment of `isExempt()` says. */
const RULES: readonly (readonly [noProxy: string, url: string, exempt: boolean])[] = [
  ["a.example", "https://a.example", true],
  ["x, a.example", "https://sub.a.example", true],
  ["a.example", "https://ba.example", false],
  ["A.Example", "https://a.example", true],
  ["a.example", "https://A.EXAMPLE./", true],
  ["a.example.", "https://a.example", true],
  [".corp", "https://dataway.corp", true],
  [".corp", "https://corp", true],
  [".corp", "https://xcorp", false],
  ["*.corp", "https://dataway.corp", true],
  ["*.corp", "https://a.dataway.corp", true],
  ["*.corp", "https://corp", false],
  ["*.CORP", "https://dataway.corp", true],
  ["a.example:443", "https://a.example", true],
  ["a.example:443", "https://a.example:8443", false],
  ["a.example:8443", "https://sub.a.example:8443", true],
  ["a.example:80", "http://a.example", true],
  ["*", "https://a.example", true],
  ["*", "https://10.0.0.1", true],
  ["*", "https://[2001:db8::1]", true],
  ["10.0.0.1", "https://10.0.0.1", true],
  ["10.0.0.1:443", "https://10.0.0.1", true],
  ["10.0.0.1:444", "https://10.0.0.1", false],
  ["10.0.0.1", "https://110.0.0.1", false],
  ["0.0.1", "https://10.0.0.1", false],
  ["10.0.0.0/8", "https://10.255.0.1", true],
  ["10.0.0.0/8", "https://11.0.0.1", false],
  ["192.168.5.0/23", "https://192.168.4.9", true],
  ["192.168.5.0/23", "https://192.168.6.9", false],
  ["0.0.0.0/0", "https://1.2.3.4", true],
  ["0.0.0.0/0", "https://a.example", false],
  ["10.0.0.0/33", "https://10.0.0.0", false],
  ["10.0.0.0/x", "https://10.0.0.0", false],
  ["::1", "https://[::1]", true],
  ["[::1]", "https://[::1]", true],
  ["[::1]:443", "https://[::1]", true],
  ["[::1]:444", "https://[::1]", false],
  ["2001:DB8::0:1", "https://[2001:db8::1]", true],
  ["2001:db8::/32", "https://[2001:db8:1::1]", true],
  ["2001:db8::/32", "https://[2001:db9::1]", false],
  ["::ffff:10.0.0.1", "https://10.0.0.1", true],
  ["10.0.0.0/8", "https://[::ffff:10.0.0.1]", true],
  ["::/0", "https://10.0.0.1", false],
  ["bücher.example", "https://bücher.example", true],
  ["", "https://a.example", false],
  [" , .,*.,:443,", "https://a.example", false],
];

Deno.test("isExempt() reads NO_PROXY as Go and curl do", () => {
  const wrong = RULES.filter(([noProxy, url, exempt]) => isExempt(new URL(url), noProxy) !== exempt);
  assertEquals(wrong, []);
});

Deno.test("chooseProxy() spares what NO_PROXY names, in either case, whoever names the proxy", () => {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    assertEquals(proxyOf("https://a.example", "http://own:3", { [name]: "*.example" }), undefined);
    assertEquals(
      proxyOf("https://a.example", undefined, { [name]: "*.example", ALL_PROXY: "p:1" }),
      undefined,
    );
    assert(proxyOf("https://a.other", undefined, { [name]: "*.example", ALL_PROXY: "p:1" }) !== undefined);
  }
});
