/** `deno task local` as a person runs it: a process, its output, its signals. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { scenario } from "../../support/scenario.ts";
import { startDataway } from "../dataway.ts";
import { writeShellExtension } from "../shell_extension.ts";
import { sleep } from "../waiters.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;
const PLAYER = new URL("../function.ts", import.meta.url).pathname;
const FUNCTION = `'${Deno.execPath()}' run --no-config --no-lock --no-check -A '${PLAYER}'`;

interface Local extends AsyncDisposable {
  /** Everything printed so far. */
  readonly output: () => string;
  /** Waits for a line. */
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>;
  signal(): void;
  readonly exitCode: Promise<number>;
  readonly pid: number;
}

/** Starts it in `folder`, as a terminal would. */
function start(folder: string, args: readonly string[]): Local {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "--frozen", "--no-check", `--config=${ROOT}deno.json`, MAIN, ...args],
    env: { INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let output = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) output += text;
  })();
  const exitCode = Promise.all([child.status, reading]).then(([{ code }]) => code);
  return {
    pid: child.pid,
    exitCode,
    output: () => output,
    until: async (pattern) => {
      for (let tries = 0; tries < 400; tries++) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        await sleep(50);
      }
      throw new Error(`Cannot find ${pattern} in:\n${output}`);
    },
    signal: () => child.kill("SIGINT"),
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // Over already.
      }
      await exitCode;
    },
  };
}

async function withFolder(run: (folder: string, extension: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const extension = await writeShellExtension();
  try {
    await run(folder, extension);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(extension);
  }
}

/** Processes whose command line names the file. */
function runningWith(file: string): number {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => {
    try {
      return /^\d+$/.test(name) && Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(file);
    } catch {
      return false;
    }
  }).filter(Boolean).length;
}

scenario(
  "local runs a function through its events, and its exit code tells of a failure",
  () =>
    withFolder(async (folder, extension) => {
      await Deno.writeTextFile(`${folder}/good.json`, '{ "logs": ["hello"],\n "response": { "total": 7 } }');
      await Deno.writeTextFile(`${folder}/bad.json`, '{ "outcome": "error", "errorType": "CardDeclined" }');
      const common = ["--function", FUNCTION, "--extension", extension, "--exit", "--memory", "1024"];
      await using good = start(folder, [
        ...common,
        "--event",
        "good.json",
        "--times",
        "2",
      ]);
      assertEquals(await good.exitCode, 0);
      assertEquals(good.output().match(/function +hello/g)?.length, 2, good.output());
      await using bad = start(folder, [...common, "--event", "good.json", "--event", "bad.json"]);
      assertEquals(await bad.exitCode, 1);
      const lines = bad.output().split("\n");
      assert(lines.some((line) => /done +#1 success, answered after .*: \{"total":7\}, billed/.test(line)));
      assert(lines.some((line) => /done +#2 failed with CardDeclined/.test(line)), bad.output());
      assertMatch(bad.output(), /shutdown +spindown: the extension ends with exit code 0/);
      assert(!bad.output().includes("\x1b"), "a file gets no colours");
    }),
);

scenario(
  "local takes invocations over HTTP and ends in order on Ctrl-C",
  () =>
    withFolder(async (folder, extension) => {
      const args = ["--function", FUNCTION, "--extension", extension, "--no-page", "--invoke-port", "0"];
      await using local = start(folder, [...args, "--memory", "1024"]);
      const [, url = ""] = await local.until(/POST an event to (\S+)/);
      await local.until(/cold start +success/);
      const path = `${url}/2015-03-31/functions/any/invocations`;
      const event = JSON.stringify({ logs: ["asked"], response: 1 });
      const answer = await fetch(path, {
        method: "POST",
        body: event,
        headers: { "x-amz-log-type": "Tail" },
      });
      assertEquals([answer.status, await answer.text()], [200, "1"]);
      const log = new TextDecoder().decode(
        Uint8Array.fromBase64(answer.headers.get("x-amz-log-result") ?? ""),
      );
      assertMatch(log, /^START RequestId: [^]*\nasked\n[^]*\nREPORT RequestId: /);
      local.signal();
      assertEquals(await local.exitCode, 0);
      assertMatch(local.output(), /shutdown +spindown/);
      assertEquals(runningWith(extension), 0);
    }),
);

scenario(
  "local says what its end waits for, and a second Ctrl-C ends it at once with all its processes",
  () =>
    withFolder(async (folder, extension) => {
      const args = ["--function", FUNCTION, "--extension", extension, "--no-page", "--event", "long.json"];
      await Deno.writeTextFile(`${folder}/long.json`, '{ "logs": ["begun"], "sleepMs": 60000 }');
      await using local = start(folder, [...args, "--timeout", "2m", "--memory", "1024"]);
      await local.until(/function +begun/);
      local.signal();
      await local.until(/waits for the invocation under way/);
      local.signal();
      assertEquals(await local.exitCode, 130);
      for (let tries = 0; tries < 40 && runningWith(extension) > 0; tries++) await sleep(50);
      assertEquals(runningWith(extension), 0);
    }),
);

scenario("local makes a new sandbox when a file changes", () =>
  withFolder(async (folder, extension) => {
    const args = [
      "--function",
      FUNCTION,
      "--extension",
      extension,
      "--no-page",
      "--watch",
      "--invoke-port",
      "0",
    ];
    await using local = start(folder, [...args, "--memory", "1024"]);
    await local.until(/cold start +success/);
    await Deno.mkdir(`${folder}/node_modules`);
    await Deno.writeTextFile(`${folder}/node_modules/x.js`, "");
    await Deno.writeTextFile(`${folder}/index.js`, "1");
    await local.until(/changed +index\.js[^]*cold start +success/);
    assert(!local.output().includes("changed    node_modules"));
    local.signal();
    await local.exitCode;
  }));

scenario(
  "local hands on what arrives to another Dataway, and prints no token",
  () =>
    withFolder(async (folder) => {
      await using dataway = await startDataway();
      const script = `${folder}/sender.sh`;
      // A stand-in for an extension that sends: the function itself does, to the double whose URL it has.
      const code = `const u = new URL(Deno.env.get("ENV_DATAWAY")); u.pathname = "/v1/write/metric";
      const headers = { "content-type": "application/line-protocol", "x-pkg-id": "dk_0123456789abcdefghij",
        "x-points": "1", "user-agent": "datakit-lambda-extension/0" };
      console.log((await fetch(u, { method: "POST", headers, body: "m f=1i 1\\n" })).status); Deno.exit(3);`;
      await Deno.writeTextFile(`${folder}/.env`, "# theirs\nEXTRA=from the file\n");
      await Deno.writeTextFile(
        script,
        `echo "$EXTRA"\nexec '${Deno.execPath()}' eval --no-config '${code}'\n`,
      );
      const shell = await writeShellExtension();
      const args = [
        "--function",
        `sh ${script}`,
        "--extension",
        shell,
        "--exit",
        "--env-file",
        ".env",
        "--dataway",
        dataway.url,
      ];
      await using local = start(folder, [...args, "--memory", "1024"]);
      assertEquals(await local.exitCode, 1);
      assertMatch(local.output(), /function +from the file/);
      assertMatch(local.output(), /forward +1 points of metric to 127\.0\.0\.1:\d+: answered 200/);
      assertEquals(dataway.points("metric", "m").length, 1);
      assert(!local.output().includes("tkn_"), local.output());
      await Deno.remove(shell);
    }),
);

scenario("local says in words what cannot be started", () =>
  withFolder(async (folder, extension) => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["--help"], 0, /^Your function in a local Lambda environment[^]*--invoke-port/],
      [[], 2, /^Cannot start as there is no function[^]*--help/],
      [["--function", "x", "--event", "none.json"], 2, /none\.json/],
      [
        ["--function", "x.y", "--runtime-client", "--extension", extension],
        2,
        /^Cannot find the handler x\.y/,
      ],
      [
        ["--function", "/no/such/program", "--extension", extension, "--exit"],
        1,
        /cold start +Runtime\.InvalidEntrypoint/,
      ],
    ];
    for (const [args, code, expected] of cases) {
      await using local = start(folder, args);
      assertEquals([args, await local.exitCode], [args, code]);
      assertMatch(local.output(), expected);
      assert(!/\n\s+at /.test(local.output()), "no stack");
    }
  }));
