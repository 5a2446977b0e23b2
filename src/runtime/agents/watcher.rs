//! Looks again and again whether the model answers, and tells chain, chat and board when that changes.

use super::carrier::tell_budget;
use crate::runtime::board::{Board, lock};
use crate::runtime::events::ModelState;
use aiobs_agents::{ChainService, ChatService};
use aiobs_llm::{CancellationToken, Health, Provider, Purse};
use std::sync::Arc;
use std::time::Duration;

/// Time between two looks for a model that does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Time between two looks at one that does.
const LOOK_AFTER: Duration = Duration::from_mins(1);

/// See the module.
pub(super) struct Watcher {
    pub(super) board: Arc<Board>,
    pub(super) chain: Arc<ChainService>,
    pub(super) chat: Arc<ChatService>,
    pub(super) stop: CancellationToken,
    /// What models may cost; a new day fills it.
    pub(super) purse: Arc<Purse>,
}

impl Watcher {
    pub(super) async fn run(self, provider: Arc<dyn Provider>) {
        loop {
            tell_budget(&self.board, &self.purse);
            let state = match provider.health().await {
                Health::Ready { model, .. } => {
                    ModelState::Ready { provider: provider.name().to_owned(), model, local: provider.is_local() }
                }
                Health::Unavailable { reason } => ModelState::Offline { reason },
            };
            let ready = matches!(state, ModelState::Ready { .. });
            // Some servers pass on to others; that shows only once they were asked.
            if let ModelState::Ready { model, local: false, .. } = &state
                && self.board.remotes().is_empty()
            {
                self.board.leaves_to(model, provider.endpoint());
            }
            if *lock(&self.board.model) != state {
                let usable = ready.then(|| Arc::clone(&provider));
                // Told before it shows: whoever sees that the model is known may rely on the chain knowing it.
                self.chain.set_provider(usable.clone());
                self.chat.set_provider(usable);
                *lock(&self.board.model) = state;
                self.board.touch();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(if ready { LOOK_AFTER } else { LOOK_AGAIN }) => {}
            }
        }
    }
}
