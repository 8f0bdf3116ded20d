/** One line about the machine, without which no figure means anything. */
export async function machineFacts(): Promise<string> {
  const cpu = (await Deno.readTextFile("/proc/cpuinfo")).match(/^model name\s*: (.*)$/m)?.[1] ??
    "unknown CPU";
  const memoryGb = (Deno.systemMemoryInfo().total / 1e9).toFixed(0);
  const load = Deno.loadavg()[0]?.toFixed(1);
  return `Measured on ${navigator.hardwareConcurrency} cores (${cpu}), ${memoryGb} GB, Linux ${Deno.osRelease()}, ` +
    `load ${load}, Deno ${Deno.version.deno}, file in the page cache.`;
}
