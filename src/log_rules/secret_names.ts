/** What keys of secrets are called, as sources of regular expressions that ignore case. */

/** Their values go to the end of the line: they have blanks and separators in them. */
export const LONG_NAMES = "authorization|(?:set-?)?cookie";

/** Their values end with a blank or a separator. */
export const NAMES = [
  "(?:access|account|api|auth|encryption|master|private|shared|signing|ssh)[_. -]?key(?:[_. -]?id)?",
  "secret(?:[_. -]?(?:access[_. -]?)?key)?",
  "token",
  "password",
  "passwd",
  "passcode",
  "passphrase",
  // Alone it is an ordinary word, as in `tests_pass=5`.
  "(?:admin|api|app|auth|database|db|email|ftp|http|imap|keystore|ldap|login|mail|mongo(?:db)?|mq|mysql|pg|postgres|" +
  "proxy|rabbitmq|redis|root|sftp|smtp|sql|ssh|user)[_.-]?pass",
  "pwd",
  "credentials?",
].join("|");

/** What may follow a name without making it another key: `token_2`, `API_KEY_PROD`, `secretValue`. */
export const SUFFIX =
  "[_.-]?(?:v?\\d{1,3}|value|raw|plain|text|string|old|new|current|previous|primary|secondary|" +
  "dev|test|stage|staging|prod|production|live)";

/**
 * Something that each name and each form has, chosen to be rare in other text, and written so that V8 finds it fast:
 * with the flag `i` it takes three times as long.
 */
export const HINT = new RegExp(
  [
    // key, token; cookie; tkn_, and tokens of providers that begin with letters before `k_` and `k-`.
    "[kK](?:[eE][yYnN]|[iI][eE]|[nN]_|_(?:live|test)_|-(?:ant|proj|svcacct)-|-[A-Za-z0-9]{32})",
    // secret, credential.
    "[cC][rR][eE][tTdD]",
    "[pP](?:[aA][sS][sS][^abd-oq-vx-zABD-OQ-VX-Z]|[wW][dD]|m_|at-)",
    "[uU][tT][hH][oO][rR][iI][zZ]",
    "[bB](?:[eE][aA][rR][eE][rR]|[aA][sS][iI][cC]|_pat_)",
    // AWS, Google.
    "A(?:[KS]IA|Iza)",
    "yJ[\\w-]",
    "gh[pousr]_",
    "gnature=",
    "xox[a-z]-",
    "SG\\.",
    // A password in an address.
    ":\\/\\/[^\\s\\/:@?#\"']{0,256}:",
  ].join("|"),
);
