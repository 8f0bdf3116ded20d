/** Our HTTP/2 held against h2spec, which knows what each section of the standard wants. */
import { assert, assertEquals } from "@std/assert";
import { listenHttp } from "../support/http_listener.ts";
import { scenario } from "../support/scenario.ts";
import { cacheDir, missingTool, run, sourceDir } from "./language.ts";

const SOURCE = sourceDir("go_h2spec");
const PROGRAM = `${cacheDir("go")}/h2spec`;
const PACKAGE = "github.com/summerwind/h2spec/cmd/h2spec";
/**
 * What does not begin as HTTP/2 does is HTTP/1.1 on our ports: it is told that it is no request of that, then closed.
 * h2spec wants it closed only, and sees the answer or the end first.
 */
const POSSIBLE_FAILURE = "Sends invalid connection preface";

scenario("serveHttp2() does what h2spec wants", async () => {
  const missing = await missingTool([["go", "-C", SOURCE, "list", "-m"]]);
  if (missing !== undefined) {
    // deno-lint-ignore no-console
    return console.log(`HTTP/2 IS NOT VERIFIED HERE: no ${missing}`);
  }
  await Deno.mkdir(cacheDir("go"), { recursive: true });
  await run("go", ["build", "-mod=readonly", "-o", PROGRAM, PACKAGE], { cwd: SOURCE });
  await using server = listenHttp({
    handle: async (request) => new Response(`${request.method} ${(await request.text()).length}`),
  });
  const { stdout } = await new Deno.Command(PROGRAM, {
    args: ["-h", "127.0.0.1", "-p", String(server.port), "-o", "5"],
    stdin: "null",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const failures = text.slice(text.indexOf("Failures:")).matchAll(/^ *× \d+: (.+)$/gm);
  assertEquals(Array.from(failures, ([, name]) => name).filter((name) => name !== POSSIBLE_FAILURE), []);
  const [total, passed] = Array.from(/(\d+) tests, (\d+) passed, 0 skipped/.exec(text) ?? []).slice(1).map(
    Number,
  );
  assertEquals(total, 145, text.slice(-300));
  assert(passed === 144 || passed === 145, text.slice(-200));
});
