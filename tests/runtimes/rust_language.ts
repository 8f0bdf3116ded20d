/** The crate `lambda_runtime` with its default subscriber. */
import { run } from "../clients/language.ts";
import { casesOf, JSON_ONLY } from "./cases.ts";
import { cacheDir, type Language, sourceDir } from "./runtime.ts";

const DIR = cacheDir("rust");

/** Rust. */
export const RUST: Language = {
  name: "Rust",
  // Older ones cannot read the manifest, which is of the edition of 2024.
  needs: [[
    "cargo",
    "metadata",
    "--locked",
    "--no-deps",
    "--manifest-path",
    `${sourceDir("rust")}/Cargo.toml`,
  ]],
  pipes: ["unframed"],
  clients: [{
    name: "lambda_runtime",
    version: "1.5.0",
    command: () => ({ program: `${DIR}/debug/functions`, args: [], env: { LAMBDA_TASK_ROOT: DIR } }),
  }],
  // What a handler returns is a value of JSON already.
  cases: casesOf({
    without: ["not serialisable"],
    and: ["thrown, tabs and own fields", "logged last, in the function's own format", "panic"],
  }),
  loggers: [{ name: "tracing", structured: JSON_ONLY, nested: true }],
  install: async () => {
    const args = ["build", "--quiet", "--locked", "--target-dir", DIR];
    await run("cargo", args, { cwd: sourceDir("rust") });
  },
};
