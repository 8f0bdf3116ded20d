import process from "node:process";

/** CPU time of this process so far, in ms: bounds of work that only computes hold on a busy machine, too. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
