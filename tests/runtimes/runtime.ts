/** What a language must offer so that functions of its runtime clients can be run. */
import type { FunctionCommand } from "../emulator/options.ts";
import type { Case, LoggerCase } from "./cases.ts";

/** One version of one runtime client. */
export interface RuntimeClient {
  /** The package that a function depends on, as its registry names it. */
  readonly name: string;
  readonly version: string;
  /** The function over this client, ready to start once the language is installed. */
  readonly command: () => FunctionCommand;
  /** Lines that this version writes beside what it tells of a failure, as substrings. */
  readonly asides?: readonly string[];
  /** This version writes nothing of a failure. */
  readonly silent?: boolean;
}

/** A language with its runtime clients and loggers. */
export interface Language {
  readonly name: string;
  /** Commands that must succeed: where one does not, the language cannot be verified. */
  readonly needs: readonly (readonly string[])[];
  /** `framed` as zip functions on managed runtimes have it, `unframed` as images and custom runtimes do. */
  readonly pipes: readonly ("framed" | "unframed")[];
  readonly clients: readonly RuntimeClient[];
  readonly cases: readonly Case[];
  readonly loggers: readonly LoggerCase[];
  /** Installs the pinned packages and compiles. Throws when that fails. */
  install(): Promise<void>;
}

/** Where what is installed and compiled stays, below the repository's folder for what is fetched and made. */
export function cacheDir(language: string): string {
  return new URL(`../../.cache/runtimes/${language}`, import.meta.url).pathname;
}

/** A language's function and manifests. */
export function sourceDir(language: string): string {
  return new URL(language, import.meta.url).pathname;
}

/** What a process needs of this machine, where Lambda has it elsewhere. */
export function machineEnv(): Record<string, string> {
  return { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", HOME: Deno.env.get("HOME") ?? "/tmp" };
}
