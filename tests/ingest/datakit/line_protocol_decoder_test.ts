import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DecodedPoint } from "./collect.ts";
import { createLineProtocolDecoder } from "../../../src/ingest/datakit/line_protocol_decoder.ts";
import { createPointWriter } from "../../../src/point/create_point_writer.ts";
import { decodeLineProtocol } from "./collect.ts";
import { cpuMs } from "../../support/cpu_time.ts";

const TIME = 1_700_000_000_000_000_001n;

function point(parts: Partial<DecodedPoint>): DecodedPoint {
  return { measurement: "m", tags: [], fields: [], timeNs: undefined, ...parts };
}

Deno.test("decodeLineProtocol() reads every form of value", () => {
  const text = "m i=-42i,u=18446744073709551615u,f=3.14,e=-1.5e3,w=3,d=.5," +
    "t=t,T=T,x=true,y=True,z=TRUE,g=f,h=F,j=false,k=False,l=FALSE," +
    's="a \\"q\\" \\\\ , = b",n="",b="aGVsbG8="b,ai=[1i,2i],as=["x, y","z]"],af=[1.5, 2 ],ae=[],ab=[t,f],nan=NaN,inf=-Inf 1';
  assertEquals(decodeLineProtocol(text, "n").points, [point({
    fields: [
      ["i", -42n],
      ["u", { unsigned: 18446744073709551615n }],
      ["f", 3.14],
      ["e", -1500],
      ["w", 3],
      ["d", 0.5],
      ["t", true],
      ["T", true],
      ["x", true],
      ["y", true],
      ["z", true],
      ["g", false],
      ["h", false],
      ["j", false],
      ["k", false],
      ["l", false],
      ["s", 'a "q" \\ , = b'],
      ["n", ""],
      ["b", new TextEncoder().encode("hello")],
      ["ai", [1n, 2n]],
      ["as", ["x, y", "z]"]],
      ["af", [1.5, 2]],
      ["ae", []],
      ["ab", [true, false]],
    ],
    timeNs: 1n,
    isTrimmed: true,
  })]);
});

Deno.test("decodeLineProtocol() costs a value that cannot be stored itself, one that cannot be read its line", () => {
  const deep = `${"[".repeat(9000)}1${"]".repeat(9000)}`;
  const digits = "7".repeat(1_000_000);
  const text = `a f=1\na f=[1,NaN,3]\na f=${deep},g=2\na f=${digits}i\na f=${digits}\na f=1e999,g=2\na f=3`;
  const { points, malformed } = decodeLineProtocol(text, "n");
  assertEquals(points.map(({ fields, isTrimmed = false }) => [fields, isTrimmed]), [
    [[["f", 1]], false],
    [[["f", [1, 3]]], true],
    [[], true],
    [[["g", 2]], true],
    [[["f", 3]], false],
  ]);
  assertEquals(malformed, 2);
});

Deno.test("decodeLineProtocol() undoes exactly the escapes that line protocol has", () => {
  const text =
    'm\\,\\ ="x,t\\,\\="\\ k=v\\,\\=\\ "x\\y\\ z f\\,\\=\\"\\ k="q\\"b\\\\s\nnl\\\\" 1700000000000000001\n' +
    'm\\=\\x,t=C:\\dir\\ f,u=a\\"b f\\x=1 2';
  assertEquals(decodeLineProtocol(text, "n"), {
    points: [
      point({
        measurement: 'm, ="x',
        tags: [['t,=" k', 'v,= "x\\y z']],
        fields: [['f,=" k', 'q"b\\s\nnl\\']],
        timeNs: TIME,
      }),
      point({
        measurement: "m\\=\\x",
        tags: [["t", "C:\\dir f"], ["u", 'a\\"b']],
        fields: [["f\\x", 1]],
        timeNs: 2n,
      }),
    ],
    malformed: 0,
    firstError: undefined,
  });
});

Deno.test("decodeLineProtocol() takes comments, empty lines, CRLF and points without a time", () => {
  const text = "# comment\r\n\r\nm,a=b,c= f=1  \r\n\n  m  f=2   1700000000000000001  \n#end";
  assertEquals(decodeLineProtocol(text, "n"), {
    points: [point({ tags: [["a", "b"]], fields: [["f", 1]] }), point({ fields: [["f", 2]], timeNs: TIME })],
    malformed: 0,
    firstError: undefined,
  });
});

Deno.test("decodeLineProtocol() reads times in the unit asked for, or guesses by size", () => {
  const time = (stamp: string, precision: Parameters<typeof decodeLineProtocol>[1]): bigint | undefined =>
    decodeLineProtocol(`m f=1 ${stamp}`, precision).points[0]?.timeNs;
  assertEquals(time("1700000000", "s"), 1_700_000_000_000_000_000n);
  assertEquals(time("1700000000123", "ms"), 1_700_000_000_123_000_000n);
  assertEquals(time("1700000000123456", "u"), 1_700_000_000_123_456_000n);
  assertEquals(time("28333333", "m"), 1_699_999_980_000_000_000n);
  assertEquals(time("472222", "h"), 1_699_999_200_000_000_000n);
  assertEquals(time("1700000000", "n"), 1_700_000_000n);
  for (const stamp of ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000"]) {
    assertEquals(time(stamp, "auto"), 1_700_000_000_000_000_000n);
  }
});

Deno.test("decodeLineProtocol() counts each broken line and keeps the others", async (t) => {
  for (
    const bad of [
      "m",
      "m,t=v",
      "m f",
      "m f=",
      "m f=x",
      "m f=1x",
      "m f=1i2",
      "m f=9223372036854775808i",
      "m f=-1u",
      "m f=18446744073709551616u",
      "m f=0x10",
      "m f=1,",
      "m =1",
      "m,=v f=1",
      ",t=v f=1",
      'm f="a"x',
      'm f="not base64"b',
      "m f=[1,2",
      "m f=[1,2]x",
      "m f=1 soon",
      "m f=1 1 1",
      "m f=1 99999999999999999999",
      'm f="never ends',
    ]
  ) {
    await t.step(bad, () => {
      const decoded = decodeLineProtocol(`a f=1\n${bad}\nb f=2`, "n");
      assertEquals([decoded.points.map(({ measurement }) => measurement), decoded.malformed], [
        ["a", "b"],
        1,
      ]);
      assert(decoded.firstError?.startsWith("Cannot read a point as "));
    });
  }
});

Deno.test("decodeLineProtocol() finds the points that a string without an end swallowed", () => {
  const decoded = decodeLineProtocol('a f="open\nb g="x" 1\nc h=1', "n");
  assertEquals([decoded.points.map(({ measurement }) => measurement), decoded.malformed], [["b", "c"], 1]);
});

Deno.test("decodeLineProtocol() stays fast on bodies made to be slow", () => {
  const hostile = [
    'm f="x\n'.repeat(300_001),
    'm f="\\"\\\\'.repeat(200_000),
    "m f=1x\n".repeat(300_000),
    'm f="!"b\n'.repeat(200_000),
    `m f=${"9".repeat(2_000_000)}i`,
    `m f="${"\\".repeat(2_000_001)}`,
    `m f="${'\\"'.repeat(1_000_000)}`,
    `m f="${'\\" '.repeat(1_000_000)}"`,
    `m${",a".repeat(1_000_000)}`,
    `m f=[${"[".repeat(1_000_000)}`,
    `m f="${'\n"'.repeat(500_000)}`,
  ];
  for (const text of hostile) {
    const startedAt = cpuMs();
    decodeLineProtocol(text, "n");
    const tookMs = cpuMs() - startedAt;
    assert(tookMs < 3000, `${text.slice(0, 20)} took ${tookMs} ms`);
  }
});

Deno.test("decodeLineProtocol() reads a text of 8 MB with and without escapes in steps below 20 ms", () => {
  for (const unit of ["x", "é", '{\\"key\\":\\"value\\"}', "\\\\", "\n"]) {
    const text = unit.repeat(8_388_608 / new TextEncoder().encode(unit).length);
    const body = new TextEncoder().encode(`m f="${text}" 1\nm f=1i 2`);
    // Of several, as CPU time holds the collector's threads, too. On a machine that is slow just now a plain walk over
    // the bytes takes longer than its usual 9 ms as well.
    const tries = Array.from(
      { length: 4 },
      () => [longestStepMs(body), Math.max(20, 2 * walkMs(body))] as const,
    );
    assert(tries.some(([longest, most]) => longest < most), `${unit}: ${tries.join(" ms; ")} ms`);
  }
});

function walkMs(body: Uint8Array): number {
  const startedAt = cpuMs();
  let all = 0;
  for (let i = 0; i < body.length; i++) all |= body[i] ?? 0;
  assert(all !== 0);
  return cpuMs() - startedAt;
}

/** CPU time of the longest step, where the writing of points is one. */
function longestStepMs(body: Uint8Array): number {
  let count = 0;
  const writer = createPointWriter({ commit: () => void count++, trimmed: () => {} });
  const decoder = createLineProtocolDecoder(body, "n", {
    writer,
    begin: (kind) => writer.begin(kind, "datakit"),
    category: "logging",
    nowNs: 0n,
    ownTagsOnly: false,
  });
  let longest = 0;
  for (let isOver = false; !isOver;) {
    const startedAt = cpuMs();
    isOver = decoder.next() === "end";
    longest = Math.max(longest, cpuMs() - startedAt);
    let before = cpuMs();
    // As no slice is ever over, it is done when the call returns.
    void writer.finishLong({
      isOver: () => {
        longest = Math.max(longest, cpuMs() - before);
        before = cpuMs();
        return false;
      },
      pause: () => Promise.resolve(),
    });
  }
  assertEquals(count, 2);
  return longest;
}

Deno.test("decodeLineProtocol() takes any text and counts what it holds", () => {
  const parts = fc.constantFrom(...'m ,="\\\n[]bt1i#', " f=1", '"s"', "\r\n", "é", "\0");
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 40 }), (text) => {
      const { points, malformed, firstError } = decodeLineProtocol(text.join(""), "auto");
      assertEquals(malformed > 0, firstError !== undefined);
      for (const { measurement, fields } of points) {
        assert(measurement !== "" && fields.length > 0);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeLineProtocol() reads points however large the body, and texts however long", () => {
  const filler = Array.from({ length: 30_000 }, (_, n) => `m n=${n}i ${n}\n`).join("");
  const long = `${'长 \\"x\\" \n'.repeat(50_000)}`;
  const read = long.replaceAll('\\"', '"');
  const body = `${filler}m s="${long}",t="b" 1\n${filler}m s="never ends\n${filler}`;
  const { points, malformed, firstError } = decodeLineProtocol(body, "n");
  assertEquals([points.length, malformed], [90_001, 1]);
  assertEquals(points[30_000]?.fields, [["s", read], ["t", "b"]]);
  assertEquals(points.at(-1)?.timeNs, 29_999n);
  const at = body.indexOf('"never ends');
  assertEquals(firstError, `Cannot read a point as a string must end with a quote: character ${at}`);
});
