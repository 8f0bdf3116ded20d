/// <reference lib="dom" />
/** Light, dark, or what the system says. */
import type { WordKey } from "./words.ts";

export type Theme = "auto" | "light" | "dark";

const NEXT: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };
const WORDS: Readonly<Record<Theme, WordKey>> = {
  auto: "themeAuto",
  light: "themeLight",
  dark: "themeDark",
};

export interface ThemeSwitch {
  readonly word: WordKey;
  next(): void;
}

/** `onChange` runs after each change, the system's too. */
export function createThemeSwitch(asked: string | null, onChange: () => void): ThemeSwitch {
  let theme: Theme = asked === "light" || asked === "dark" ? asked : "auto";

  function set(next: Theme): void {
    theme = next;
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }

  set(theme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  return {
    get word(): WordKey {
      return WORDS[theme];
    },
    next: () => {
      set(NEXT[theme]);
      onChange();
    },
  };
}
