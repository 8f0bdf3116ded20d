/** Secrets that are known by their form, wherever they stand. */
import { NAMES, SUFFIX } from "./secret_names.ts";

/** What stands in place of a secret. */
export const MASK = "******";

const KEY = `(?:${NAMES})(?:${SUFFIX})?`;

/**
 * A text that each secret of the form has, which is looked for first; the form; what stands in its place: its first
 * group, if it has one, stands before the secret.
 */
const FORMS: readonly (readonly [needle: string, form: RegExp, replacement: string])[] = [
  // AWS.
  ["IA", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, MASK],
  // JWT.
  ["eyJ", /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?/g, MASK],
  // Dataway.
  ["tkn_", /\btkn_\w{6,}/g, MASK],
  // GitHub.
  ["_", /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{22,})/g, MASK],
  // Slack, Stripe, Google, npm, GitLab, SendGrid, Anthropic and OpenAI.
  ["xox", /\bxox[a-z]-[\w-]{10,}/g, MASK],
  ["k_", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/g, MASK],
  ["AIza", /\bAIza[\w-]{35}/g, MASK],
  ["npm_", /\bnpm_[A-Za-z0-9]{36}/g, MASK],
  ["glpat-", /\bglpat-[\w-]{20,}/g, MASK],
  ["SG.", /\bSG\.[\w-]{16,}\.[\w-]{16,}/g, MASK],
  ["sk-", /\bsk-(?:(?:ant|proj|svcacct)-[\w-]{16,}|[A-Za-z0-9]{32,})/g, MASK],
  ["", /\b(Bearer|Basic) +[\w.~+/-]{16,}=*/gi, `$1 ${MASK}`],
  // What a signed address needs to be of use.
  ["ignature=", /([?&](?:X-(?:Amz|Goog)-)?Signature=)[^&\s"'<>\\]+/g, `$1${MASK}`],
  ["://", /(:\/\/[^\s/:@?#"']{0,256}:)[^\s/@?#"']{1,256}@/g, `$1${MASK}@`],
  // To its end, or as far as it is cut.
  [
    "-----BEGIN",
    new RegExp(
      "-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?:[\\w+/=\\s\\\\:,]|-(?!----)){0,8192}-----END [A-Z ]{0,40}PRIVATE KEY-----|" +
        "(?:(?:\\s|\\\\+[nr])*[A-Za-z0-9+/=]{16,})*)",
      "g",
    ),
    MASK,
  ],
  // `<password>…</password>`, `--password …`, `PASSWORD '…'`.
  ["<", new RegExp(`(<[\\w:.-]{0,64}${KEY}(?:\\s[^<>]{0,256})?>)[^<>]{1,4096}(?=<)`, "gi"), `$1${MASK}`],
  ["--", new RegExp(`(--[\\w.-]{0,40}${KEY}[ \\t]{1,8})(?!-)[^\\s"'\\\\]{1,1024}`, "gi"), `$1${MASK}`],
  ["'", /\b((?:password|passwd)[ \t]{1,8}')[^']{1,256}(?=')/gi, `$1${MASK}`],
];

/** `text` without what has such a form. */
export function maskForms(text: string): string {
  let masked = text;
  for (const [needle, form, replacement] of FORMS) {
    if (masked.includes(needle)) masked = masked.replace(form, replacement);
  }
  return masked;
}
