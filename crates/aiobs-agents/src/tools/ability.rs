//! Whether the model that will answer can call tools: by what its server says of it. Used by the chain and the chat.

use super::ToolUse;
use aiobs_llm::{ModelInfo, Provider};
use std::sync::Arc;
use std::time::Duration;

/// How long the server may take to say what its model can.
const ASK_ABILITIES: Duration = Duration::from_secs(3);

/// Whether the model that will answer can call tools.
pub(crate) async fn can_use_tools(provider: Option<Arc<dyn Provider>>, model: Option<String>, offer: ToolUse) -> bool {
    let Some(provider) = provider else { return false };
    if offer != ToolUse::Auto {
        return offer == ToolUse::Always;
    }
    let look = async {
        let all = provider.models().await.ok()?;
        if all.iter().all(|m| m.capabilities.is_empty()) {
            return None;
        }
        let name = match model {
            Some(name) => name,
            None => provider.health().await.model()?.to_owned(),
        };
        let is = |m: &&ModelInfo| m.name == name || m.name.split(':').next() == Some(name.as_str());
        Some(all.iter().find(is)?.capabilities.iter().any(|c| c == "tools"))
    };
    tokio::time::timeout(ASK_ABILITIES, look).await.ok().flatten().unwrap_or(false)
}
