/** Why Dataway is out of reach, and what to do about it, in a sentence. */

interface Explanation {
  /** Of the error's text. */
  readonly sign: RegExp;
  readonly text: string;
}

const OWN_AUTHORITY =
  "put it, or that of the authority, into a layer and name the file in ENV_DATAWAY_CA_FILE (below /opt, /var/task or " +
  "/tmp: nothing else can be read)";

const EXPLANATIONS: readonly Explanation[] = [
  {
    sign: /UnknownIssuer/,
    text:
      `its certificate is self-signed or of a private authority, which nobody here trusts: ${OWN_AUTHORITY}`,
  },
  {
    sign: /CaUsedAsEndEntity/,
    text:
      "its certificate is self-signed and one of an authority (CA:TRUE), which no server may show: give it one that " +
      "the authority has signed",
  },
  {
    sign: /NotValidForName|not valid for name/,
    text: "its certificate is for another name: ENV_DATAWAY must have the name that the certificate has",
  },
  {
    sign: /certificate: .*Expired|certificate expired/i,
    text: "its certificate has expired: it must be renewed there",
  },
  {
    sign: /NotValidYet|not valid yet/,
    text: "its certificate is not valid yet: it is too new, or this clock is wrong",
  },
  {
    sign: /invalid peer certificate/,
    text: "its certificate cannot be used",
  },
  {
    sign: /InvalidContentType|corrupt message/i,
    text: "what listens there speaks no TLS: is http:// meant for https://?",
  },
  {
    sign: /handshake|received fatal alert/i,
    text: "there is no way of TLS that both sides know: 1.2 or 1.3 is needed",
  },
  {
    sign: /ENOTFOUND|EAI_|lookup address|getaddrinfo/i,
    text: "its name cannot be resolved: is it right, and does the VPC have a resolver for it?",
  },
  { sign: /ConnectionRefused|ECONNREFUSED/i, text: "nobody listens there: are host and port right?" },
  {
    sign: /NetworkUnreachable|ENETUNREACH|HostUnreachable|EHOSTUNREACH|unreachable/i,
    text: "there is no way to it: a subnet of a VPC needs a NAT gateway, or an endpoint",
  },
  {
    sign: /No answer within|Signal timed out/i,
    text:
      "it takes connections, and does not answer: it may be overloaded, or something on the way keeps the answer",
  },
  {
    sign: /No connection within|TimeoutError|timed out|ETIMEDOUT/i,
    text:
      "nothing came back: a subnet of a VPC needs a NAT gateway or an endpoint, and its security group a rule for it",
  },
  {
    sign: /before an answer|ConnectionReset|ECONNRESET|UnexpectedEof|unexpected eof/i,
    text:
      "the connection is closed without an answer: is http:// meant for https://, or does a firewall end it?",
  },
];

/** The sentence for an error's text, which it ends with; the text alone where it is of no known kind. */
export function explain(error: string): string {
  const known = EXPLANATIONS.find(({ sign }) => sign.test(error));
  return known === undefined ? error : `${known.text} (${error})`;
}
