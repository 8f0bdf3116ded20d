/** Settings as a person may see them. */
import { type Environment, formatDurationMs, isBareNumber, parseDurationMs, type Setting } from "./reader.ts";

/** A setting that is set. */
export interface ShownSetting {
  readonly name: string;
  /**
   * As set; of a value that is secret as a whole, only the hosts of its URLs. Secrets pasted elsewhere are still in it.
   */
  readonly value: string;
}

/** Those that are set, in the order of `settings`. */
export function shownSettings(settings: readonly Setting[], env: Environment): readonly ShownSetting[] {
  return settings.filter(({ name }) => (env[name] ?? "").trim() !== "")
    .map((setting) => ({ name: setting.name, value: valueOf(setting, env[setting.name]?.trim() ?? "") }));
}

function valueOf({ isSecret, kind }: Setting, text: string): string {
  if (isSecret) return text.split(",").map((item) => urlWithoutSecrets(item.trim())).join(",");
  const ms = kind === "duration" && isBareNumber(text) ? parseDurationMs(text) : undefined;
  return ms === undefined ? text : `${text} (a bare number counts seconds: ${formatDurationMs(ms)})`;
}

/** A URL's scheme and host; nothing of what is no URL. */
function urlWithoutSecrets(text: string): string {
  const url = text.includes("://") ? URL.parse(text) : null;
  if (url === null || url.host === "") return "***";
  const userInfo = url.username === "" ? "" : "***@";
  return `${url.protocol}//${userInfo}${url.host}${url.search === "" ? "" : "/?***"}`;
}
