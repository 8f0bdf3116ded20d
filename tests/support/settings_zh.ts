/**
 * What each setting means, in Chinese, for the Chinese tables of src/config/README.md (`deno task settings`). The
 * names, kinds and defaults come from the code; a setting without a line here, or a line without a setting, fails
 * `tests/readme_test.ts`.
 */
export const SETTINGS_ZH: ReadonlyMap<string, string> = new Map([
  [
    "ENV_DATAWAY",
    "Dataway 地址与 token：`https://host?token=tkn_…`。可用逗号写多个，前一个不可用时由后一个接替。未设置则不上传任何数据",
  ],
  [
    "ENV_DATAWAY_SECRET_ARN",
    "保存 `ENV_DATAWAY`（或仅 token）的 Secrets Manager 密钥的 ARN 或名称；`#key` 取 JSON 密钥中的一个键。在开始等待第一个事件之后，以函数的角色读取",
  ],
  ["ENV_DATAWAY_SSM_PARAMETER", "同上，取自 Systems Manager 参数（解密后）"],
  ["ENV_DATAWAY_KMS", "同上，为由 KMS 解密的 base64 密文"],
  [
    "ENV_DATAWAY_HTTP_PROXY",
    "上传所用代理（`http://`、`https://`、`socks5://`）；未设置时使用 `HTTPS_PROXY`、`HTTP_PROXY` 与 `ALL_PROXY`。`NO_PROXY` 对各者都有效，读法与 Go、curl 相同",
  ],
  [
    "ENV_DATAWAY_ENABLE_SINKER",
    "按 `ENV_GLOBAL_HOST_TAGS` 的标签与 `ENV_SINKER_GLOBAL_CUSTOMER_KEYS` 的键分组上传，并写入 `X-Global-Tags`，Dataway 的 Sinker 据此选择工作空间",
  ],
  [
    "ENV_SINKER_GLOBAL_CUSTOMER_KEYS",
    "供 Sinker 使用的标签与文本字段的键，如 `aws_lambda_function_name`；另有 `category`，以及指标集名：日志为 `source`，指标为 `measurement`，对象为 `class`",
  ],
  [
    "ENV_IO_FILTERS",
    '过滤规则（黑名单），JSON，语法与 DataKit 相同：`{"logging":["{ status in [\'debug\'] }"]}`。满足其类别任一条件的数据点不保留，计入 `refused_filtered`',
  ],
  [
    "ENV_DATAWAY_PULL",
    "`filters`：同时使用工作空间的过滤规则，随上传一并查询，至多每分钟一次；首次得到答复之前的数据不过滤。设置了 `ENV_IO_FILTERS` 时不查询",
  ],
  [
    "ENV_DATAWAY_TIMEOUT",
    "等待一次上传的应答的最长时间；上传会与之后的调用同时进行。有多个 Dataway 时，除最后一个外各为 5 秒；建立连接同样为 5 秒",
  ],
  ["ENV_DATAWAY_MAX_RAW_BODY_SIZE", "单个请求体压缩前的最大字节数"],
  ["ENV_DATAWAY_CONTENT_ENCODING", "请求体格式：`v2`（`protobuf`）或 `v1`（`line-protocol`，行协议）"],
  ["ENV_DATAWAY_DISABLE_GZIP", "上传时不压缩"],
  ["ENV_DATAWAY_TLS_INSECURE", "不校验 Dataway 的证书，仅供测试"],
  ["ENV_DATAWAY_CA_FILE", "PEM 文件：除内置证书外另行信任的证书"],

  ["ENV_INPUT_OTEL_DEL_MESSAGE", "去掉 span 的 `message` 字段，未成为字段的属性随之去掉"],
  ["ENV_INPUT_OTEL_CLEAN_MESSAGE", "span 的 `message` 中不再重复字段与标签已有的内容"],
  ["ENV_INPUT_OTEL_HTTP", "OTLP/HTTP 的本机（loopback）地址，`off` 为关闭"],
  ["ENV_INPUT_OTEL_GRPC", "OTLP/gRPC 的本机地址，`off` 为关闭"],
  ["ENV_INPUT_OTEL_TAGS", "加到所有 OpenTelemetry 数据上的标签，写作 `k=v,k=v` 或 JSON"],
  ["ENV_INPUT_OTEL_CUSTOMER_TAGS", "另外成为字段的 span 属性；以 `reg:` 开头的是正则表达式"],
  ["ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL", "所有 span 属性都成为字段"],
  [
    "ENV_INPUT_OTEL_SPLIT_SERVICE_NAME",
    "数据库、RPC 与消息类 span 的 service 取其系统名，原名放入 `base_service`",
  ],
  [
    "ENV_INPUT_OTEL_COMPATIBLE_DDTRACE",
    "trace 与 span 的 ID 写作低 64 位的十进制数，与 Datadog 各语言库一致",
  ],
  ["ENV_INPUT_OTEL_SAMPLER", "保留的链路比例，按 trace ID 选取；有错误的 span 总是保留"],
  [
    "ENV_INPUT_OTEL_INSTANCE_TAG",
    "累积型指标未指明实例时加上 `faas_instance` 标签，否则并行的执行环境会相互混淆",
  ],

  ["DD_APM_RECEIVER_PORT", "未设置 `ENV_INPUT_DDTRACE_LISTEN` 时 trace agent 路由的端口；0 为不开"],
  ["ENV_INPUT_DDTRACE_LISTEN", "Datadog trace agent 路由的本机地址，`off` 为不开"],
  ["ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN", "Datadog Lambda 生命周期 API 的本机地址，`off` 为不开"],
  ["ENV_INPUT_DDTRACE_CUSTOMER_TAGS", "成为行标签的 span 标签；以 `reg:` 开头的是正则表达式"],
  ["ENV_INPUT_DDTRACE_TRACE_ID_64_BIT_HEX", "trace ID 写作低半部分的 16 位十六进制，span ID 也写作十六进制"],
  ["ENV_INPUT_DDTRACE_DEL_MESSAGE", "去掉 `message` 字段（span 的 JSON）"],
  [
    "ENV_INPUT_DDTRACE_COMPATIBLE_OTEL",
    "span 与父 span 的 ID 写作 16 位十六进制，以便与 OpenTelemetry 的关联",
  ],
  [
    "ENV_INPUT_DDTRACE_TRACE_128_BIT_ID",
    "把 128 位 trace ID 拼成 32 位十六进制；关闭时为低半部分的十进制数",
  ],
  ["ENV_INPUT_DDTRACE_TAGS", "加到每个 span 上的标签，`k=v,k=v`"],
  ["ENV_INPUT_DDTRACE_SAMPLER", "保留的链路比例；有错误的、RUM 的和手动保留的总是保留"],
  [
    "ENV_INPUT_DDTRACE_KEEP_REJECTED",
    "保留被 tracer 自身采样拒绝的 span；关闭时丢弃并计为 sampled out，含错误的链路除外",
  ],
  [
    "ENV_INPUT_DDTRACE_CLOSE_RESOURCE",
    '按 service（`*` 为任意）给出正则表达式的 JSON，如 `{"*":["^GET /health"]}`：任一 span 的 resource 匹配的链路被丢弃',
  ],
  [
    "ENV_INPUT_DDTRACE_OMIT_ERR_STATUS",
    "没有错误、且有 web 类 span 带这些 HTTP 状态码之一的链路被丢弃，如 `404`",
  ],
  [
    "ENV_INPUT_DDTRACE_INFERRED_SPANS",
    "为交出事件的 tracer（Java、.NET、Go、Ruby）生成触发源（API Gateway、SQS 等）的 span，每次调用多 1 至 2 个；关闭后链路仍会接续",
  ],
  ["DD_TRACE_MANAGED_SERVICES", "Datadog 对 `ENV_INPUT_DDTRACE_INFERRED_SPANS` 的叫法，后者未设置时生效"],
  [
    "DD_SERVICE_MAPPING",
    "触发源 span 的 service 改名，`旧名:新名`，按队列、主题、API ID 等，或按种类（如 `lambda_sqs`）",
  ],
  [
    "DD_TRACE_AWS_SERVICE_REPRESENTATION_ENABLED",
    "触发源 span 的 service 用队列、表或域名的名字；关闭则用种类名（如 `sqs`）",
  ],
  ["ENV_INPUT_DDTRACE_MAX_SPANS", "单个请求最多的 span 数，超出的计为丢弃"],
  ["ENV_INPUT_DDTRACE_MAX_BODY_MB", "trace 请求体上限（MiB）；0 为与各采集器相同的上限"],
  ["DD_SERVICE", "tracer 未给出时调用 span 的 service；未设置则为函数名"],

  ["ENV_INPUT_STATSD_LISTEN", "StatsD UDP 的本机地址，`off` 为不开"],
  ["ENV_INPUT_STATSD_LISTEN_TCP", "StatsD TCP 的本机地址（每行一个指标），`off` 为不开"],
  ["ENV_INPUT_STATSD_UNIXGRAM", "StatsD Unix 数据报套接字在 /tmp 下的路径"],
  [
    "ENV_INPUT_STATSD_UNIX_STREAM",
    "StatsD Unix 流套接字在 /tmp 下的路径（每个包之前有 4 字节小端长度）",
  ],
  [
    "ENV_INPUT_STATSD_DIALECT",
    "`etsy`：`+n`/`-n` 为增减 gauge，gauge 的值会被记住，一个名称后可跟多个 `value|type`。只有 Etsy 语法能解释的行在两种方言下都照此解析",
  ],
  [
    "ENV_INPUT_STATSD_TAG_STYLE",
    "名称中的标签：`influx` 为 `n,k=v`，`librato` 为 `n#k=v`，`signalfx` 为 `n[k=v]`，`graphite` 为 `n;k=v`；`auto` 接受任何合法写法，`datadog` 都不接受。`|#k:v` 始终有效",
  ],
  ["ENV_INPUT_STATSD_METRIC_SEPARATOR", "替换名称中的点；第一个分隔符之前是指标集，之后是字段"],
  [
    "ENV_INPUT_STATSD_METRIC_MAPPING",
    "`前缀:指标集` 对：匹配的名称归入该指标集，其余部分为字段；设置后，不匹配的名称同时作为两者",
  ],
  ["ENV_INPUT_STATSD_TAGS", "加到每个 StatsD 点上的标签"],
  [
    "ENV_INPUT_STATSD_PERCENTILES",
    "timing、histogram 与 distribution 的百分位：字段 `<name>_p95`；`off` 为不要",
  ],
  ["ENV_INPUT_STATSD_MAX_SERIES", "两次发送之间最多的时间线（名称、类型、标签）数，超出的计为丢弃"],
  ["ENV_INPUT_STATSD_DROP_PREFIXES", "丢弃名称以此开头的指标，如 `datadog.dogstatsd.client.`"],

  [
    "ENV_STORE_MAX_BYTES",
    "等待上传的数据最多占用的内存；满时先丢最旧的，并计数。0：函数内存的二十分之一，8 至 64 MiB",
  ],
  [
    "ENV_HTTP_LISTEN",
    "主监听地址：接收平台的遥测数据，并为本机客户端提供所有 HTTP 路由。端口被占用时改用空闲端口，执行环境没有该地址时监听其全部地址；只在 loopback 上时，平台可能无法到达",
  ],
  [
    "ENV_HTTP_MAX_BODY_SIZE",
    "请求体的最大字节数（传输时）。未设置：函数内存的三十二分之一，8 至 16 MiB",
  ],
  [
    "ENV_HTTP_MAX_INFLATED_SIZE",
    "请求体解压后的最大字节数。未设置：函数内存的三十二分之一，8 至 64 MiB",
  ],
  ["ENV_HTTP_TIMEOUT", "一个请求体到齐的最长时间"],
  ["ENV_DATAWAY_BUDGET", "一次调用最多用于上传的计费时间；截止时间前 200 ms 之内绝不占用"],
  [
    "ENV_FLUSH_PLAN",
    "何时上传：`end` 每次调用结束时；`overlap` 与下一次调用同时进行，不占计费时间；`periodic,<时长>`；`adaptive`：流量稀少时为 `end`，繁忙时为 `overlap`",
  ],
  ["ENV_FLUSH_INTERVAL", "长调用之中、以及托管实例（Managed Instances）上两次上传的间隔"],
  [
    "ENV_MEMORY_LIMIT",
    "扩展进程的内存（RSS）超过此值时丢弃最旧的数据，并计数。0：函数内存的四分之一，至少为待发数据可占用的内存加 100 MiB",
  ],
  [
    "ENV_SPOOL",
    "把 Dataway 未接收的数据移到文件中：扩展被杀掉后仍在，也能存得更多。Dataway 恢复后发送，同一执行环境重启后也会发送",
  ],
  [
    "ENV_SPOOL_DIR",
    "这些文件的目录，须在 `/tmp` 之下（别处不可写），由扩展自行创建；链接或他人可用的目录不予使用",
  ],
  ["ENV_SPOOL_MAX_BYTES", "这些文件最多占用的空间；满时先丢最旧的，并计数"],

  [
    "ENV_AWSLAMBDA_SCHEMA",
    "指标与日志的名称和类型：`documented` 与文档一致，`datakit` 与 DataKit 1.84 实际输出一致",
  ],
  ["ENV_HOSTNAME", "`host` 标签的值"],
  ["ENV_ENABLE_LOG_COLLECTION", "采集函数日志"],
  ["ENV_ENABLE_METRIC_COLLECTION", "采集 Lambda 指标"],
  ["ENV_AWSLAMBDA_EXTENSION_LOGS", "同时采集各扩展（包括本扩展）的日志"],
  [
    "ENV_AWSLAMBDA_COUNT_HANDLED_ERRORS",
    "与 CloudWatch 一样，把处理程序抛出的异常计入 `errors`；Lambda 此时的状态是 `success`（`datakit` 模式下默认为 false）",
  ],
  [
    "ENV_AWSLAMBDA_HANDLED_ERRORS",
    "依据什么判断处理程序抛出了异常：`platform`：Lambda 未报告任何响应，Lambda 不报告响应时依据运行时自身的日志行；`lines`：只依据这些日志行",
  ],
  [
    "ENV_AWSLAMBDA_LOG_MULTILINE",
    "哪些行合为一条日志：`auto`：同一调用栈的各行；`off`：不合并；或匹配每条日志首行的正则表达式，其余的行都接在首行之后",
  ],
  ["ENV_AWSLAMBDA_LOG_LEVEL", "保留日志的最低级别；更低的计入 `refused_filtered`"],
  [
    "ENV_AWSLAMBDA_LOG_MASK",
    "日志的消息与所有文本字段中遮盖的内容：`secrets`（密码、令牌、密钥）、`email`、`card`、`ipv4` 等名称，以逗号分隔，其后可再加一个正则表达式；`off`：不遮盖",
  ],
  ["ENV_AWSLAMBDA_LOG_EXCLUDE", "正则表达式。匹配到的日志不保留"],
  ["ENV_AWSLAMBDA_LOG_INCLUDE", "正则表达式。未匹配到的日志不保留"],
  [
    "ENV_AWSLAMBDA_LOG_RULES",
    "日志规则，JSON 列表：每条含 `exclude`、`include`、`mask`（正则表达式）或 `sample`（0 到 1）之一，可加 `when`（`from`、`level`、`key`、`stage`）、`with` 与 `unless`",
  ],
  [
    "ENV_AWSLAMBDA_PLATFORM_LOGS",
    "成为日志的平台行，与 CloudWatch 中一致：`start`、`end`、`report`；`on`：全部；`off`：无",
  ],
  [
    "ENV_AWSLAMBDA_METRICS_FROM_LOGS",
    "函数写在日志中的指标：`emf`（CloudWatch 嵌入式指标格式，Powertools 即如此写）、`datadog`（Datadog Lambda 库写的行），或两者；`off`：不提取",
  ],
  [
    "ENV_AWSLAMBDA_METRICS_FROM_LOGS_KEEP_LINES",
    "含有这类指标的行是否同时保留为日志；否则计入 `refused_filtered`",
  ],
  [
    "ENV_AWSLAMBDA_TRACE",
    "无需探针，由 Lambda 平台的信息为每次调用生成链路（1 个 span，冷启动 2 至 4 个）。`auto`：调用（未见探针时）及其冷启动或恢复；`full`：另加响应与扩展的耗时；`off`：不生成（schema 为 `datakit` 时的默认值）",
  ],
  ["ENV_AWSLAMBDA_TRACE_SAMPLER", "上述链路按 trace id 保留的比例；有错误或冷启动的始终保留"],
  [
    "ENV_AWSLAMBDA_LOG_TRACE_ID",
    "开启上述链路时，为函数日志中没有 trace id 的每一条写入 `trace_id` 与 `span_id`：已知探针的取探针的，否则取 Lambda 的",
  ],
  [
    "ENV_AWSLAMBDA_ESTIMATED_COST",
    "随每份 report 上报费用：`estimated_cost_usd`、`init_cost_usd`、`extension_billed_ms`。为估算值：目录价、第一档",
  ],
  ["ENV_AWSLAMBDA_PRICE_GB_SECOND", "用于上述费用的每 GB 秒单价；0：AWS 目录价"],
  ["ENV_AWSLAMBDA_PRICE_REQUEST", "用于上述费用的每次请求单价；0：AWS 目录价"],
  ["ENV_AWSLAMBDA_USAGE", "上报每次调用中执行环境的用量（CPU、内存、`/tmp`），以及执行环境的结束"],
  [
    "ENV_AWSLAMBDA_RECORDER",
    "飞行记录仪：低于某级别的日志与被采样丢弃的内容先留在内存中，只有请求失败、缓慢或为冷启动时才发送。`on`：`logs`、`traces`（被采样丢弃的 span）、`blackbox`（请求超时前在做什么）全部开启；也可只列出其中几项",
  ],
  ["ENV_AWSLAMBDA_RECORDER_LEVEL", "低于此级别的日志由记录仪留存：`info` 即留存 `debug` 日志"],
  [
    "ENV_AWSLAMBDA_RECORDER_KEEP",
    "哪些请求的留存内容会发送：`timeout`（超时）、`oom`（内存不足）、`error`（包括处理程序抛出的异常）、`cold`（冷启动）、`slow`（缓慢）",
  ],
  [
    "ENV_AWSLAMBDA_RECORDER_SLOW",
    "耗时达到此值的请求为缓慢。0：满 50 个请求后，取最近一百个请求 p95 的三倍",
  ],
  ["ENV_AWSLAMBDA_RECORDER_SAMPLE", "其余请求中同样全部发送的比例，按请求 id 选取"],
  ["ENV_USE_NOW_TIME_INSTEAD", "Lambda 指标与日志的时间取到达时间，而不是事件时间"],
  ["ENV_GLOBAL_HOST_TAGS", "加到所有数据上的标签"],
  ["ENV_GLOBAL_TAGS", "`ENV_GLOBAL_HOST_TAGS` 的旧名，后者为空时使用"],
  ["ENV_LOG_LEVEL", "扩展自身日志的级别；每个事件一行 JSON，写在函数的日志组中"],
  ["ENV_ENABLE_INPUTS", "`ENV_DEFAULT_ENABLED_INPUTS` 的旧名"],
  ["ENV_DEFAULT_ENABLED_INPUTS", "开启的采集器，替换默认值；`-名称` 从中去掉一个"],
  [
    "ENV_OTLP_TARGET",
    "第二个发送目标，使用 OTLP/HTTP（protobuf）：基础 URL，其后自动加上 `/v1/traces`、`/v1/metrics`、`/v1/logs`；或写 `cloudwatch`，即函数所在区域的 CloudWatch OTLP 端点",
  ],
  ["ENV_OTLP_TARGET_TRACES", "traces 的完整 URL，代替基础 URL；`off`：不向第二目标发送 traces"],
  ["ENV_OTLP_TARGET_METRICS", "metrics 的完整 URL，代替基础 URL；`off`：不向第二目标发送 metrics"],
  ["ENV_OTLP_TARGET_LOGS", "logs 的完整 URL，代替基础 URL；`off`：不向第二目标发送 logs"],
  ["ENV_OTLP_TARGET_HEADERS", "发给第二目标的请求头，`name=value,name=value`，值用百分号编码"],
  ["ENV_OTLP_TARGET_AWS_REGION", "签名所用区域，主机名与 `AWS_REGION` 都没有给出时使用"],
  [
    "ENV_OTLP_TARGET_INPUTS",
    "哪些数据发往第二目标：`opentelemetry`：原样转发；`awslambda`：Lambda 平台的数据，转换后发送",
  ],
  ["ENV_OTLP_TARGET_TIMEOUT", "等待第二目标应答的最长时间；在之后的调用旁继续等待"],
  ["ENV_OTLP_TARGET_COMPRESSION", "发往第二目标的正文如何压缩"],
  [
    "ENV_OTLP_TARGET_AUTH",
    "`sigv4`：以函数的角色签名，AWS 的端点需要；`auto`：主机属于 AWS 且没有 `authorization` 请求头时签名",
  ],
  ["ENV_OTLP_TARGET_AWS_SERVICE", "签名所用服务名，主机名没有给出时使用（`xray`、`logs` 等）"],
  ["ENV_OTLP_TARGET_CA_FILE", "连接第二目标时除内置证书外还信任的 PEM 证书文件"],
  ["ENV_OTLP_TARGET_CLIENT_CERT_FILE", "向第二目标出示的证书的 PEM 文件（mTLS）；不能经过代理"],
  ["ENV_OTLP_TARGET_CLIENT_KEY_FILE", "该证书私钥的 PEM 文件，不得加密"],
  [
    "ENV_OTLP_TARGET_STORE_MAX_BYTES",
    "等待发往第二目标的数据最多占用的内存；最旧的先丢弃并计数。0：为等待 Dataway 的数据上限的一半，没有 Dataway 时与之相同",
  ],
]);
