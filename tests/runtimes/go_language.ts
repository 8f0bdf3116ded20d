/** The Go module `aws-lambda-go`: it logs the errors that handlers return since version 1.28. */
import { run } from "../clients/language.ts";
import { BOTH, casesOf, NEVER } from "./cases.ts";
import { cacheDir, type Language, type RuntimeClient, sourceDir } from "./runtime.ts";

const DIR = cacheDir("go");
const SOURCE = sourceDir("go");
/** By version, the file with the modules that go with it. */
const MODULES: Readonly<Record<string, string>> = { "1.55.1": "go.mod", "1.27.0": "v1.27.0.mod" };

function client(version: string): RuntimeClient {
  return {
    name: "github.com/aws/aws-lambda-go",
    version,
    command: () => ({ program: `${DIR}/${version}`, args: [], env: { LAMBDA_TASK_ROOT: DIR } }),
    silent: version === "1.27.0",
  };
}

/** Go. */
export const GO: Language = {
  name: "Go",
  needs: [["go", "-C", SOURCE, "list", "-m"]],
  pipes: ["unframed"],
  clients: Object.keys(MODULES).map(client),
  cases: casesOf({
    and: [
      "thrown, tabs and own fields",
      "logged last, in the function's own format",
      "logged last, printed stack",
      "panic",
      "panic in a goroutine",
    ],
  }),
  loggers: [
    { name: "slog JSON", structured: BOTH },
    { name: "slog text", structured: NEVER },
    { name: "zap", structured: BOTH },
    { name: "zap development", structured: NEVER },
    { name: "logrus", structured: BOTH },
    { name: "logrus text", structured: NEVER },
    { name: "zerolog", structured: BOTH },
  ],
  install: async () => {
    await Deno.mkdir(DIR, { recursive: true });
    for (const [version, modules] of Object.entries(MODULES)) {
      // Go's own cache tells what is to be compiled.
      const args = ["build", "-mod=readonly", `-modfile=${modules}`, "-o", `${DIR}/${version}`, "."];
      await run("go", args, { cwd: SOURCE });
    }
  },
};
