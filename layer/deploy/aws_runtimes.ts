/** Which runtimes an executable can run on: by the C library that it needs and that each runtime has. */
import { readVersions } from "../formats/version_needs.ts";

/** Glibc of Amazon Linux 1, 2 and 2023. */
const AL1 = "2.17";
const AL2 = "2.26";
const AL2023 = "2.34";

/**
 * Runtimes in the order of their importance to us: Lambda takes 15 of them for one layer. Those that AWS no longer
 * patches come last; any runtime can take the layer by its ARN, listed or not.
 *
 * @see AWS Lambda Developer Guide, "Lambda runtimes"
 */
const GLIBC_OF_RUNTIME: ReadonlyMap<string, string> = new Map([
  ["nodejs22.x", AL2023],
  ["nodejs24.x", AL2023],
  ["nodejs26.x", AL2023],
  ["python3.12", AL2023],
  ["python3.13", AL2023],
  ["python3.14", AL2023],
  ["python3.15", AL2023],
  ["java21", AL2023],
  ["java25", AL2023],
  ["dotnet10", AL2023],
  ["ruby3.4", AL2023],
  ["ruby4.0", AL2023],
  ["provided.al2023", AL2023],
  ["python3.11", AL2],
  ["java17", AL2],
  ["java17.al2023", AL2023],
  ["java11", AL2],
  ["java11.al2023", AL2023],
  ["java8.al2", AL2],
  ["java8.al2023", AL2023],
  ["ruby3.3", AL2023],
  ["dotnet8", AL2023],
  ["nodejs20.x", AL2023],
  ["python3.10", AL2],
  ["ruby3.2", AL2],
  ["provided.al2", AL2],
  ["nodejs18.x", AL2],
  ["nodejs16.x", AL2],
  ["nodejs14.x", AL2],
  ["nodejs12.x", AL2],
  ["nodejs10.x", AL2],
  ["python3.9", AL2],
  ["python3.8", AL2],
  ["ruby2.7", AL2],
  ["dotnet6", AL2],
  ["dotnetcore3.1", AL2],
  ["java8", AL1],
  ["go1.x", AL1],
  ["provided", AL1],
  ["python3.7", AL1],
  ["python3.6", AL1],
  ["python2.7", AL1],
  ["ruby2.5", AL1],
  ["dotnetcore2.1", AL1],
  ["nodejs8.10", AL1],
]);
const MAX_RUNTIMES = 15;

/** At most 15 runtimes on which an executable starts that needs this glibc, the most important first. */
export function runtimesFor(neededGlibc: string): readonly string[] {
  return Array.from(GLIBC_OF_RUNTIME)
    .filter(([, glibc]) => compareVersions(neededGlibc, glibc) <= 0)
    .map(([runtime]) => runtime)
    .slice(0, MAX_RUNTIMES);
}

/** Glibc of a managed runtime, or undefined when it is not known here. */
export function glibcOf(runtime: string): string | undefined {
  return GLIBC_OF_RUNTIME.get(runtime);
}

/** Negative when `one` is the older of two versions like `2.27`, positive when it is the newer. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split(".").map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest glibc that an ELF executable cannot start without, `0` for none. Throws when its tables are broken. */
export function neededGlibc(elf: Uint8Array): string {
  return readVersions(elf).libraries
    .flatMap(({ versions }) => versions.map(({ version }) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? "0"))
    .reduce((newest, version) => compareVersions(version, newest) > 0 ? version : newest, "0");
}
