/** What a language must offer so that its clients can be run. */
import type { ClientCommand, ClientRun } from "./run_client.ts";

/** A language with its clients installed. */
export interface Toolchain {
  /** What runs the programs, with its version. */
  readonly runtime: string;
  /** How to run one of the language's programs. */
  command(program: string, args: readonly string[], env: Readonly<Record<string, string>>): ClientCommand;
  /** The version of an installed package. */
  versionOf(packageName: string): string;
}

/** One client over one protocol. */
export interface ClientCase {
  /** The package that a user would name. */
  readonly client: string;
  readonly protocol: string;
  /** The program in the language's folder. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What a user sets or writes so that it works in Lambda, as was done here; empty for nothing. */
  readonly setup: string;
  readonly verified: string;
  /** Settings of the extension for this client alone. */
  readonly extension?: Readonly<Record<string, string>>;
  /** Commands that must succeed beyond those of the language. */
  readonly needs?: readonly (readonly string[])[];
  /** Runs the client in surroundings of its own. */
  readonly wrap?: (command: ClientCommand) => ClientCommand;
  readonly check: (run: ClientRun) => void;
}

/** A language, its toolchain and its clients. */
export interface Language {
  readonly name: string;
  /** Commands that must succeed: where one does not, the language cannot be verified. */
  readonly needs: readonly (readonly string[])[];
  /** Installs the pinned clients. Throws when that fails. */
  install(): Promise<Toolchain>;
  readonly cases: readonly ClientCase[];
}

/** Where a language's clients are installed, below the repository's folder for what is fetched and made. */
export function cacheDir(language: string): string {
  return new URL(`../../.cache/clients/${language}`, import.meta.url).pathname;
}

/** A language's programs and manifests. */
export function sourceDir(language: string): string {
  return new URL(language, import.meta.url).pathname;
}

/** Runs an installer to its end; its output is shown only when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) {
    throw new Error(
      `Cannot install clients as ${program} ${args.join(" ")} exits with ${code}:\n${text}\n${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
  return text;
}

/** Does `work` unless it was done for the same manifest texts before. */
export async function once(
  dir: string,
  manifests: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const texts = await Promise.all(manifests.map((path) => Deno.readTextFile(path)));
  const stamp = `${dir}/installed`;
  if (await Deno.readTextFile(stamp).catch(() => "") === texts.join("\n")) return;
  await Deno.mkdir(dir, { recursive: true });
  await Deno.remove(stamp).catch(() => {});
  await work();
  await Deno.writeTextFile(stamp, texts.join("\n"));
}

/** The first of the commands that does not work on this machine, by its name. */
export async function missingTool(needs: readonly (readonly string[])[]): Promise<string | undefined> {
  for (const [program = "", ...args] of needs) {
    // A compiler that would have to be fetched first is none.
    const options = {
      args,
      env: { GOTOOLCHAIN: "local" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    } as const;
    try {
      if (!(await new Deno.Command(program, options).output()).success) return `${program} that is fit`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return program;
      throw error;
    }
  }
  return undefined;
}
