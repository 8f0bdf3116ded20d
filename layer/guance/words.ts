/** The two languages of everything that people read in a workspace. */

/** A language of the product. */
export type Language = "en" | "zh";

export const LANGUAGES: readonly Language[] = ["en", "zh"];

/** A text in both. */
export type Words = Readonly<Record<Language, string>>;

/** Short for a text in both languages. */
export function words(en: string, zh: string): Words {
  return { en, zh };
}
