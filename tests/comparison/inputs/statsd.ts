/** StatsD: what real clients send, and what they may. */
import { type Group, type Input, recorded } from "../input.ts";

function packets(name: string, list: readonly string[], env?: Input["env"]): Input {
  return { name, ...(env === undefined ? {} : { env }), requests: list.map((packet) => ({ packet })) };
}

export const STATSD: Group = {
  name: "statsd",
  inputs: [
    recorded("hot-shots"),
    recorded("datadog-python-statsd"),
    packets("types", [
      "my.app.reqs:1|c|@0.5|#env:prod,v:1\nmy.app.reqs:2|c|#env:prod,v:1",
      "a.g:1.5|g\na.g:+3|g\na.s:u1|s\na.s:u2|s\na.ms:12|ms\na.ms:20|ms|@0.5\na.h:1:2:3|h\na.d:1.5|d\nsingle:4|c",
    ]),
    packets("tags", ["a.b:1|c|#x:y,bare,z:1:2,é:中\na.b:1|c|#x:y\na.c,k=v,l=w:1|c"]),
    packets("a time of its own, and a container", ["a.b:1|g|T1700000000|c:abc|e:x\na.b:2|c|T1700000000"]),
    packets("events and service checks", [
      "_e{5,4}:title|text|d:1700000000|h:host|p:low|t:error|k:key|s:src|#a:b",
      "_sc|my.check|2|d:1700000000|h:host|#a:b|m:down",
    ]),
    packets("broken lines", ["a.b\na.b:|c\n:1|c\na.b:x|c\na.b:1|zz\na.b:1|c|@0"]),
    packets("long tags", [`a.b:1|c|#k:${"x".repeat(2000)}`]),
  ],
};
