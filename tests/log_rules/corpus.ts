/** Secrets as programs log them, each where § is, and what has the look of one and is none. */

/** Keys in the ways in which languages and people write them. */
export const KEYS: readonly string[] = [
  "password",
  "Password",
  "PASSWORD",
  "db_password",
  "DB_PASSWORD",
  "dbPassword",
  "spring.datasource.password",
  "password2",
  "passwd",
  "MYSQL_PWD",
  "passcode",
  "passphrase",
  "token",
  "access_token",
  "accessToken",
  "refresh-token",
  "AWS_SESSION_TOKEN",
  "token_value",
  "apikey",
  "apiKey",
  "api_key",
  "api-key",
  "api.key",
  "X-API-Key",
  "DD_API_KEY",
  "API_KEY_PROD",
  "API_KEY_2",
  "access_key",
  "AccountKey",
  "SharedAccessKey",
  "AWS_ACCESS_KEY_ID",
  "aws_secret_access_key",
  "secret",
  "client_secret",
  "clientSecret",
  "SecretKey",
  "private_key",
  "encryption_key",
  "credential",
  "credentials",
];

/** Where a key `<k>` and its value stand in a line, a bare value first, then quoted ones. */
export const BARE: readonly string[] = [
  "<k>=§",
  "<k>: §",
  "<k>:§",
  "<k> = §",
  "<k> => §",
  "login with <k>=§ failed after 3 tries",
  "level=info msg=connected <k>=§ user=bob",
  "export <k>=§\nexport HOME=/root",
  "GET https://shop.example/v1/orders?<k>=§&page=2 200 12ms",
  "https://shop.example/cb#state=1&<k>=§",
  "Server=db;Database=shop;User Id=sa;<k>=§;Encrypt=true",
  "Config(user=bob, <k>=§, port=5432)",
  "{user:bob <k>:§}",
  "map[user:bob <k>:§ port:5432]",
  "services:\n  db:\n    <k>: §\n    port: 5432",
  "<<k>>§</<k>>",
  '<entry><<k> type="text">§</<k>><user>bob</user></entry>',
  "mysqldump --<k> § shop",
  "Error: cannot connect: <k>=§\n    at connect (/var/task/db.js:10:7)\n    at async handler (/var/task/index.mjs:4:3)",
  'Traceback (most recent call last):\n  File "/var/task/app.py", line 4, in handler\n    raise ValueError(f"<k>: {x}")\nValueError: <k>: §',
  "java.lang.IllegalStateException: <k>=§\n\tat shop.Db.connect(Db.java:12)\nCaused by: java.sql.SQLException: <k>=§\n\t... 3 more",
  "panic: bad dsn <k>=§\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d",
];
export const QUOTED: readonly string[] = [
  '<k>="§"',
  "<k>='§'",
  '<k>: "§"',
  "{'user': 'bob', '<k>': '§', 'port': 5432}",
  "{ user: 'bob', <k>: '§', port: 5432 }",
  '{"user":"bob","<k>":"§","port":5432}',
  '{"user": "bob", "<k>" : "§"}',
  '{\n  "user": "bob",\n  "<k>": "§"\n}',
  '{"body":"{\\"user\\":\\"bob\\",\\"<k>\\":\\"§\\"}"}',
  '{"outer":"{\\"body\\":\\"{\\\\\\"<k>\\\\\\":\\\\\\"§\\\\\\",\\\\\\"n\\\\\\":1}\\"}"}',
  '{:user=>"bob", :<k>=>"§"}',
  '<datasource user="bob" <k>="§" port="5432"/>',
  'INFO request {"headers":{"host":"a.example","<k>":"§"},"n":1} took 12 ms',
];

/** Values that a bare value may have, and, beyond these, a quoted one. */
export const BARE_VALUES: readonly string[] = [
  "hunter2",
  "s3cr3t-V4lue_x.y~z",
  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "Zm9vYmFyYmF6cXV4Cg==",
  "p%40ss!$^*|",
  "0123456789",
];
export const QUOTED_VALUES: readonly string[] = [
  "two words, and; more) than {one}",
  "a&b=c#d?e",
  "<b>&amp;",
];

/** Secrets known by their form, which are taken out wherever they stand. Made up. */
export const FORMS: readonly string[] = [
  "AKIAIOSFODNN7EXAMPLE",
  "ASIAIOSFODNN7EXAMPLE",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
  "tkn_0123456789abcdef",
  `ghp_${"aB3".repeat(12)}`,
  `github_pat_${"aB3_".repeat(10)}x`,
  `xoxb-${"1234567890-".repeat(2)}abcdefghij`,
  `sk_live_${"aB3d".repeat(6)}`,
  `AIza${"aB3_d".repeat(7)}`,
  `npm_${"aB3".repeat(12)}`,
  `glpat-${"aB3-".repeat(5)}x`,
  `SG.${"aB3_".repeat(5)}.${"aB3-".repeat(8)}`,
  `sk-ant-${"aB3-".repeat(8)}x`,
  `sk-${"aB3d".repeat(12)}`,
  "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabcd==\n-----END RSA PRIVATE KEY-----",
  `-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B\n\n${
    "aB3+".repeat(16)
  }\n-----END EC PRIVATE KEY-----`,
  `-----BEGIN PRIVATE KEY-----\n${"aB3+".repeat(16)}\n${"cD4/".repeat(16)}`,
  `-----BEGIN PRIVATE KEY-----\\n${"aB3+".repeat(16)}\\n-----END PRIVATE KEY-----`,
];
/** Where they stand. */
export const AROUND: readonly string[] = [
  "§",
  "found § in the request",
  "[§]",
  "(§)",
  '"§"',
  "a=§,b=1",
  "curl -H 'X-Auth: §' https://a.example",
];

/** Whole lines with something before and after that is to stay. */
export const LINES: readonly string[] = [
  "Authorization: Bearer §",
  "authorization: Basic §\nhost: a.example",
  "{'Authorization': 'Bearer §', 'Accept': '*/*'}",
  '{"headers":{"Authorization":["§"],"n":1}}',
  '{"multiValueHeaders":{"Cookie":["§"],"Host":["a.example"]}}',
  '{"body":"{\\"password\\":[\\"§\\"],\\"n\\":1}"}',
  "> GET / HTTP/1.1\n> Cookie: §\n> Host: a.example",
  "postgres://bob:§@db.example:5432/shop?sslmode=require",
  "amqps://user:§@mq.example/vhost",
  "redis://:§@cache.example:6379/0",
  "https://x-access-token:§@github.com/acme/shop.git",
  "https://b.s3.amazonaws.com/k?X-Amz-Date=20261125T120000Z&X-Amz-Signature=§&X-Amz-SignedHeaders=host",
  "ALTER USER bob WITH PASSWORD '§' VALID UNTIL 'infinity'",
];

/** No secret: nothing of these may change. */
export const INNOCENT: readonly string[] = [
  "max_tokens=4096 total_tokens: 17 prompt_tokens_details: 3",
  "token_type: bearer, token_count=12, token_expires_in=3600",
  "passwordHash=ab12 password_length: 12 password_changed_at=2026-11-25",
  "secret_name=prod/db api_key_count=3 keyspace=shop keys=12",
  '{"password":null,"token":"","secret":{},"credentials":[]}',
  '{"usage":{"input_tokens":12,"output_tokens":8},"model":"m"}',
  "the token was refreshed; no password was given",
  "invalid password for bob: 3 tries left",
  "keyboard: qwerty, monkey=2, hotkey: F5, turkey: 1",
  "https://example.com:8080/path@x?page=2",
  "see https://example.com/a:b@c for more",
  "mailto:bob@example.com",
  "key=value partition_key=17 primary key: 4711 sort_key=a",
  "tokenizer: bpe, secretary: Bob, author: Ann, passport: no",
  "password=****** api_key=<hidden> token=[REDACTED]",
  "2026-11-25T12:00:00.000Z INFO handled the order 4711 in 12 ms",
  "Basic auth is on, Bearer tokens are off",
  "task-1234567890123456789012345678901234567890 done, disk-0 ok",
  "SG.region=eu ghp_short AIzaShort npm_config_cache=/tmp",
  "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
  "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
  "org.springframework.security.authentication.UsernamePasswordAuthenticationToken",
  "    at TokenStore.refresh (/var/task/node_modules/auth/token.js:10:7)",
  "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
  "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
  "SELECT password FROM users WHERE id = 1",
];

/** False positives: no secret, and changed all the same. Where a word cannot be told from a key. */
export const MISTAKEN: readonly (readonly [line: string, masked: string])[] = [
  ["PWD=/var/task", "PWD=******"],
  ["The secret: be kind", "The secret: ****** kind"],
  ["Unexpected token: } at line 3", "Unexpected token: } at line 3"],
  ["Unexpected token: foo at line 3", "Unexpected token: ****** at line 3"],
  ["if (token == 5)", "if (token =****** 5)"],
  ["cookie: accepted by bob", "cookie: ******"],
  ["next_token=2 nextToken: 3", "next_token=****** nextToken: ******"],
];
