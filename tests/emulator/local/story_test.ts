import { assertEquals } from "@std/assert";
import { createStory } from "./story.ts";

function tell(
  colours: boolean,
): { readonly lines: string[]; readonly story: ReturnType<typeof createStory> } {
  const lines: string[] = [];
  const story = createStory({
    print: (line) => void lines.push(line),
    colours,
    now: () => 1_789_041_600_123,
  });
  return { lines, story };
}

Deno.test("story puts each line of a text under its word, and colours on a terminal only", () => {
  for (const colours of [false, true]) {
    const { lines, story } = tell(colours);
    story.onEvent({ kind: "log", entry: { at: 0, source: "function", line: "a\nb" } });
    story.say("rule", "broken", "bad");
    const plain = [
      "12:00:00.123  function   a",
      "12:00:00.123  function   b",
      "12:00:00.123  rule       broken",
    ];
    assertEquals(lines, colours ? [...plain.slice(0, 2), `\x1b[31m${plain[2]}\x1b[0m`] : plain);
  }
});

Deno.test("story lets no line of a function steer the terminal", () => {
  const { lines, story } = tell(true);
  story.onEvent({
    kind: "log",
    entry: { at: 0, source: "function", line: "\x1b[2Jcleared \x1b]0;title\x07 \x1b[31mred\x1b[0m\rback" },
  });
  assertEquals(lines, ["12:00:00.123  function   �[2Jcleared �]0;title� \x1b[31mred\x1b[0m�back"]);
});

Deno.test("story says what an upload came to", () => {
  const { lines, story } = tell(false);
  const upload = {
    method: "POST",
    path: "/v1/write/metric",
    category: "metric",
    headers: new Headers(),
    wireBytes: 10,
    rawBytes: 20,
    points: [],
    connection: 1,
  } as const;
  story.upload({ ...upload, status: 200 });
  story.upload({ ...upload, category: undefined, status: 0 });
  assertEquals(lines.map((line) => line.slice(25)), [
    "metric: 0 points, 20 bytes (10 on the wire), answered 200",
    "/v1/write/metric, 20 bytes (10 on the wire), no answer",
  ]);
});
