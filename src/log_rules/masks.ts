import { finish, type Steps } from "../bounded_pattern.ts";
import { includes, type Text } from "../pattern/text.ts";
import { isSecretKey, MASK, maskSecrets, secretsMasked } from "./mask_secrets.ts";
import { isLong, replaceForm, type WindowForm } from "./windows.ts";

/** Takes something out of a text; `key` is the member that holds it. */
export interface TextMask {
  (text: string, key?: string): string;
  /** The same in steps of some milliseconds at most; of a string a string, unless that would be too long. */
  steps(text: Text, key?: string): Steps<Text>;
}

/** A mask whose short texts are done at once, by `atOnce`. */
export function createTextMask(
  steps: TextMask["steps"],
  atOnce: (text: string, key?: string) => string = (text, key) => String(finish(steps(text, key))),
): TextMask {
  const mask = (text: string, key?: string): string =>
    isLong(text) ? String(finish(steps(text, key))) : atOnce(text, key);
  return Object.assign(mask, { steps });
}

/** Keys remembered with whether they name a secret. */
const MAX_KNOWN_KEYS = 1000;

const EMAIL = /[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;
const IPV4 = /\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b/g;
/** 13 to 19 digits, in groups or not; no card begins with 1, as the times of these decades do in any unit. */
const CARD = /\b[2-6](?:[ -]?\d){12,18}\b/g;
/** Longer than each of them, in UTF-16 units. */
const REACH = 1_024;

/** The masks that have names, by name. Each leaves a text that has nothing for it as it is. */
export const NAMED_MASKS: Readonly<Record<string, (replacement: string) => TextMask>> = {
  secrets: () => createSecretsMask(),
  email: (replacement) => createFormMask(EMAIL, () => replacement, "@"),
  ipv4: (replacement) => createFormMask(IPV4, () => replacement),
  card: (replacement) => createFormMask(CARD, (digits) => isCard(digits) ? replacement : digits),
};

function createFormMask(regexp: RegExp, replacement: (found: string) => string, needle = ""): TextMask {
  const form: WindowForm = { regexp, replacement, reach: REACH };
  return createTextMask(
    function* (text): Steps<Text> {
      return (yield* includes(text, needle)) ? yield* replaceForm(text, form) : text;
    },
    (text) => text.includes(needle) ? text.replace(regexp, replacement) : text,
  );
}

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
  const isWhole = (text: Text, key?: string): boolean =>
    key !== undefined && text.length > 0 && isSecret(key);
  return createTextMask(
    function* (text, key): Steps<Text> {
      return isWhole(text, key) ? MASK : yield* secretsMasked(text);
    },
    (text, key) => isWhole(text, key) ? MASK : maskSecrets(text),
  );
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
