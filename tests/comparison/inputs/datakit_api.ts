/** DataKit's own API: points in each of its forms. */
import type { Group, Input } from "../input.ts";

/** A point with an int, a float, an unsigned and a tag. */
const PROTOBUF =
  "0a6c0a096177736c616d626461120a0a066572726f7273100012160a0b6475726174696f6e5f6d7321000000000000f83f" +
  "12160a1262696c6c65645f6475726174696f6e5f6d73180212190a0a6177735f726567696f6e40015a0975732d656173742d31" +
  "188180a8b1e39fe7cb17";

function write(
  name: string,
  path: string,
  type: string,
  body: string | Uint8Array<ArrayBuffer>,
): Input {
  return { name, requests: [{ path: `/v1/write/${path}`, headers: { "content-type": type }, body }] };
}

const LINES = [
  'm,t=v,host=own f=1.5,i=2i,u=3u,b=true,s="a \\"q\\" é" 1700000000000000000',
  'm\\ x,t\\,\\ k=v\\=1 f\\ k="line\nbreak" 1700000000000000001',
  'm f="",g=t,d="AQID"b 1700000000000000002',
  "m f=1",
  "broken",
  'm,t= f="no tag" 5',
].join("\n");

const JSON_POINTS = JSON.stringify([
  {
    measurement: "abc",
    tags: { t1: "b", n: 5, x: null },
    fields: { f1: 123, f2: 3.4, f3: "s", f4: false, f5: [1, 2], f6: null, f7: { k: [1] }, f8: [1, "x"] },
    time: 1624550216000000001,
  },
  {
    name: "typed",
    fields: [
      { key: "i", i: "-9223372036854775808" },
      { key: "u", u: "18446744073709551615" },
      { key: "f", f: "NaN" },
      { key: "g", f: 2.5 },
      { key: "d", d: "aGVsbG8=" },
      { key: "arr", a: { "@type": "type.googleapis.com/point.Array", arr: [{ i: "1" }, { i: "2" }] } },
      { key: "tag", s: "v1", is_tag: true },
    ],
    time: "1709523668830398001",
  },
  { measurement: "none" },
  5,
]);

export const DATAKIT_API: Group = {
  name: "datakit_api",
  inputs: [
    write("lines as metrics", "metric", "text/plain", LINES),
    write(
      "lines as logs, in seconds",
      "logging?precision=s",
      "text/plain",
      'src,service=a message="m",status="x" 1700000000',
    ),
    write(
      "lines as logs with names that are taken",
      "logging",
      "text/plain",
      'src source="s",date="d",message="m" 5',
    ),
    write("lines as objects", "object", "text/plain", 'obj,name=n,class=c a=1i,message="m" 5\nobj a=1i 6'),
    ...["tracing", "custom_object", "rum", "network", "security", "keyevent", "profiling"].map((category) =>
      write(`lines as ${category}`, category, "text/plain", 'm,t=v a.b=1i,s="x" 5')
    ),
    write("JSON", "logging", "application/json", JSON_POINTS),
    write("protobuf", "metric", "application/protobuf", Uint8Array.fromHex(PROTOBUF)),
    write("strict", "metric?strict=1", "text/plain", LINES),
    write("dry", "metric?dry=1", "text/plain", LINES),
    write("nothing", "metric", "text/plain", ""),
  ],
};
