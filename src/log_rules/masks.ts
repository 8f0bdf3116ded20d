import { isSecretKey, MASK, maskSecrets } from "./mask_secrets.ts";

/** Takes something out of a text; `key` is the member that holds it. */
export type TextMask = (text: string, key?: string) => string;

/** Keys remembered with whether they name a secret. */
const MAX_KNOWN_KEYS = 1000;

const EMAIL = /[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;
const IPV4 = /\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b/g;
/** 13 to 19 digits, in groups or not; no card begins with 1, as the times of these decades do in any unit. */
const CARD = /\b[2-6](?:[ -]?\d){12,18}\b/g;

/** The masks that have names, by name. Each leaves a text that has nothing for it as it is. */
export const NAMED_MASKS: Readonly<Record<string, (replacement: string) => TextMask>> = {
  secrets: () => createSecretsMask(),
  email: (replacement) => (text) => text.includes("@") ? text.replace(EMAIL, () => replacement) : text,
  ipv4: (replacement) => (text) => text.replace(IPV4, () => replacement),
  card: (replacement) => (text) => text.replace(CARD, (digits) => isCard(digits) ? replacement : digits),
};

/** The value of a member that names a secret is one, whatever it looks like. */
function createSecretsMask(): TextMask {
  const known = new Map<string, boolean>();
  const isSecret = (key: string): boolean => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = isSecretKey(key);
    if (known.size < MAX_KNOWN_KEYS) known.set(key, made);
    return made;
  };
  return (text, key) => key !== undefined && text !== "" && isSecret(key) ? MASK : maskSecrets(text);
}

/** What stands in place of what is masked, unless a rule says otherwise. */
export const DEFAULT_REPLACEMENT = MASK;

/** Luhn's check, which every number of a payment card passes. */
function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && !/^(\d)\1*$/.test(digits);
}
