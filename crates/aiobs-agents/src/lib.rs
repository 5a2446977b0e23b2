//! The agent chain: stages, evidence, playbooks, chat.
