//! Attribute names: OpenTelemetry's semantic conventions for generative AI, and our own under `aiobs.`.

/// What was done: `chat`, `invoke_agent`, `execute_tool`, `embeddings`.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Provider, such as `ollama`.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// Model asked for.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// Model that answered.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// Why the answer ended.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// Tokens read.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens written.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Name of the agent (the stage).
pub const AGENT_NAME: &str = "gen_ai.agent.name";
/// Name of the tool.
pub const TOOL_NAME: &str = "gen_ai.tool.name";
/// Kind of failure.
pub const ERROR_TYPE: &str = "error.type";
/// Conversation the call belongs to.
pub const CONVERSATION: &str = "gen_ai.conversation.id";

/// Incident number a run is about.
pub const INCIDENT: &str = "aiobs.incident.id";
/// True when token counts are estimates.
pub const USAGE_ESTIMATED: &str = "aiobs.usage.estimated";
/// Price of the call in US dollars.
pub const COST_USD: &str = "aiobs.cost.usd";
/// How often the call was tried.
pub const ATTEMPTS: &str = "aiobs.attempts";
/// Milliseconds to the first token.
pub const FIRST_TOKEN_MS: &str = "aiobs.time_to_first_token_ms";
/// Who answered a stage: `model`, `playbook`, `facts`.
pub const ANSWERED_BY: &str = "aiobs.answered_by";
/// Prompt name and version.
pub const PROMPT: &str = "aiobs.prompt";
/// Where the server is.
pub const SERVER_ADDRESS: &str = "server.address";

/// What was hidden before the call left this machine: `kind:count`, blanks between.
pub const REDACTED: &str = "aiobs.redaction";
/// What the cache of answers did: `hit`, `miss`, `bypass`.
pub const CACHE: &str = "aiobs.cache";
/// Tokens that an answer from the cache saved.
pub const SAVED_TOKENS: &str = "aiobs.cache.saved_tokens";
/// US dollars that an answer from the cache saved.
pub const SAVED_USD: &str = "aiobs.cache.saved_usd";
/// US dollars left of the day's budget before the call.
pub const BUDGET_LEFT_USD: &str = "aiobs.budget.left_usd";
/// Which of the configured models was asked, by its name there.
pub const ROUTE: &str = "aiobs.route";
/// Which one had not answered before.
pub const FALLBACK_FROM: &str = "aiobs.route.fallback_from";
/// State of the circuit breaker: `closed`, `half_open`, `open`.
pub const BREAKER: &str = "aiobs.breaker";
