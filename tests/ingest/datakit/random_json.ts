/** Bodies of DataKit's JSON forms made at random: values of every kind and size, written in every way JSON allows. */

/** Numbers at random. */
export interface Random {
  /** An integer below `count`. */
  below(count: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function below(count: number): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  }
  return { below, pick: (values) => values[below(values.length)] ?? values[0] };
}

const KEYS = [
  "a",
  "b",
  "1",
  "0",
  "10",
  "4294967295",
  "01",
  "-1",
  "__proto__",
  "toString",
  "",
  "a.b",
  "é",
  "a\\u0062",
  "x",
] as const;
const NUMBERS = [
  "0",
  "-0",
  "1",
  "1.0",
  "-1.50",
  "1e3",
  "1E+2",
  "1e400",
  "-1e400",
  "1e-400",
  "9007199254740991",
  "9007199254740993",
  "-9007199254740993",
  "12345678901234567890",
  "18446744073709551616",
  "0.1",
  "1e21",
  "123456789012345680000",
  "5e-324",
] as const;
/** Characters as they may stand in a string. */
export const UNITS = [
  "x",
  "é",
  "漢",
  "😀",
  '\\"',
  "\\\\",
  "\\/",
  "\\n",
  "\\b",
  "\\u0000",
  "\\u001f",
  "\\u0022",
  "\\u005c",
  "\\u006E",
  "\\u6f22",
  "\\ud83d\\ude00",
  "\\ud83d",
  "\\udE00",
  "\\ud83d\\ud83d\\ude00",
  "\u2028",
  "\x7f",
  " ",
  "\\u00e9",
  ".",
] as const;
const LENGTHS = [0, 1, 3, 8, 40, 300, 1100, 4090, 5000, 24_600, 33_000, 70_000] as const;

/** Writes bodies at random. */
export interface JsonWriter {
  body(): string;
}

/** A writer of one body. `isLarge`: long values are among it. */
export function createJsonWriter(random: Random, isLarge: boolean): JsonWriter {
  /** Items and characters that may still be made. */
  let left = 200_000;
  const space = (): string => random.below(4) === 0 ? random.pick([" ", "\n", "\t ", "\r\n"]) : "";

  /** What stands between the quotes of a string. */
  function characters(): string {
    const most = isLarge && left > 0 && random.below(6) === 0 ? LENGTHS.length : 5;
    let length = LENGTHS[random.below(most)] ?? 0;
    left -= length;
    let text = "";
    while (length > 0) {
      const unit = random.pick(UNITS);
      const count = Math.min(length, 1 + random.below(random.below(2) === 0 ? 3 : length));
      text += unit.repeat(Math.ceil(count / unit.length));
      length -= count;
    }
    return text;
  }

  function string(): string {
    return `"${characters()}"`;
  }

  function number(): string {
    if (isLarge && random.below(20) === 0) {
      return `${random.pick(["", "-"])}1${random.pick(["0", "3", "45"]).repeat(1 + random.below(2000))}${
        random.pick(["", ".5", "e-1000", `.${"0".repeat(600)}1`])
      }`;
    }
    return random.pick(NUMBERS);
  }

  function scalar(): string {
    return random.pick<() => string>([
      string,
      string,
      number,
      () => random.pick(["true", "false", "null"]),
    ])();
  }

  function value(depth: number): string {
    const kind = random.below(depth > 4 ? 6 : 10);
    if (kind < 6) return scalar();
    if (kind < 8) return list(depth);
    return random.below(40) === 0 ? deep() : object(() => value(depth + 1));
  }

  function deep(): string {
    const levels = 240 + random.below(30);
    const inside = random.pick([scalar(), "}x[", '"\\""', "[1, 2]", ""]);
    return random.below(2) === 0
      ? `${"[ ".repeat(levels)}${inside}${"]".repeat(levels)}`
      : `${'{"a":'.repeat(levels)}${inside}${"}".repeat(levels)}`;
  }

  function list(depth: number): string {
    const item = random.pick([string, number, scalar, () => value(depth + 1)]);
    return `[${several(item)}]`;
  }

  function several(item: () => string): string {
    const count = left <= 0 ? 0 : isLarge && random.below(30) === 0 ? 3000 : random.below(5);
    left -= count * 20;
    return Array.from({ length: count }, () => left < -100_000 ? "0" : space() + item() + space()).join() +
      space();
  }

  function object(member: (key: string) => string): string {
    return `{${
      several(() => {
        const key = isLarge && random.below(25) === 0 ? characters() : random.pick(KEYS);
        return `"${key}"${space()}:${space()}${member(key)}`;
      })
    }}`;
  }

  function typedValue(): string {
    const kinds = [
      () =>
        `"i":${random.pick<() => string>([number, () => '"5"', () => '"-9223372036854775808"', scalar])()}`,
      () => `"u":${random.pick(['"18446744073709551615"', '"-1"', "7"])}`,
      () => `"f":${random.pick<() => string>([number, () => '"NaN"', scalar])()}`,
      () => `"b":${random.pick(["true", "false", "1"])}`,
      () =>
        `"d":"${
          random.pick(["QUJD", "QUI=", "Q\\/==", "\\u0051UJD", "?", "QQ== "]).repeat(
            isLarge ? 1 + random.below(20_000) : 1,
          )
        }"`,
      () => `"s":${string()}`,
      () => `"s":${value(3)}`,
    ] as const;
    return random.pick(kinds)();
  }

  function typedField(): string {
    if (random.below(12) === 0) return value(3);
    const members = [`"key":${random.below(10) === 0 ? scalar() : string()}`];
    if (random.below(4) === 0) {
      members.push(`"a":${
        random.pick([
          () =>
            `{"@type":"point.Array","arr":[${
              several(() => random.below(9) === 0 ? scalar() : `{${typedValue()}}`)
            }]}`,
          () => `{"arr":[${several(() => `{"s":${string()}}`)}]}`,
          () => value(3),
        ])()
      }`);
    } else members.push(typedValue());
    if (random.below(4) === 0) {
      members.push(`"${random.pick(["is_tag", "isTag"])}":${random.pick(["true", "false", "[]"])}`);
    }
    if (random.below(6) === 0) members.push(typedValue());
    return `{${members.join()}}`;
  }

  function point(): string {
    if (random.below(15) === 0) return value(0);
    const members = [
      `"${random.pick(["measurement", "name", "m\\u0065asurement"])}":${
        random.below(8) === 0 ? value(1) : string()
      }`,
      `"fields":${
        random.pick([
          () => object(() => value(2)),
          () => object(() => value(2)),
          () => `[${several(typedField)}]`,
          () => random.below(6) === 0 ? value(1) : `{"f":${value(2)}}`,
        ])()
      }`,
    ];
    if (random.below(2) === 0) {
      members.push(`"tags":${random.below(8) === 0 ? value(1) : object(() => value(2))}`);
    }
    if (random.below(3) === 0) {
      members.push(`"time":${random.pick<() => string>([number, () => '"1700000000000000001"', scalar])()}`);
    }
    if (random.below(9) === 0) members.push(`"fields":${object(() => value(2))}`);
    // What is passed over makes the point so long that it is not parsed.
    if (isLarge) {
      members.push(
        `"${random.pick(["other", "x"])}":"${"p".repeat(random.below(2) * 33_000)}"`,
        `"o":${value(1)}`,
      );
    }
    for (let i = members.length - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [members[i], members[other]] = [members[other] ?? "", members[i] ?? ""];
    }
    return `${space()}{${members.map((member) => space() + member).join()}}${space()}`;
  }

  function body(): string {
    const text = random.below(4) === 0 ? point() : `[${several(point)}]`;
    return `${random.below(20) === 0 ? "\ufeff" : ""}${space()}${text}${space()}`;
  }

  return { body };
}

/** The bytes of a text, some of them changed, left out or put in, or cut off. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  const mutated = [...(bytes.length > 200_000 ? bytes.subarray(0, 200_000) : bytes)];
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(mutated.length + 1);
    const byte = random.pick([
      0x22,
      0x5c,
      0x2c,
      0x7b,
      0x7d,
      0x5b,
      0x5d,
      0x3a,
      0x30,
      0x0a,
      0x01,
      0xff,
      0xc3,
      0xed,
      0x80,
      0x75,
    ]);
    if (random.below(3) === 0) mutated.splice(at, 1);
    else if (random.below(2) === 0) mutated.splice(at, 0, byte);
    else if (at < mutated.length) mutated[at] = byte;
  }
  return Uint8Array.from(
    random.below(6) === 0 ? mutated.slice(0, random.below(mutated.length + 1)) : mutated,
  );
}
