//! Remotes: backends elsewhere that are sent what this program records about its own runs, and people who are told of
//! incidents. One file each, behind [`Remote`]; an [`Exporter`] drains the store's outbox to one of them. Wired by the program's runtime. It knows
//! neither the pipeline nor the screen, and nothing but [`Item`]s ever reaches a remote.

mod alert;
mod answer;
mod item;
mod notice;
mod otlp;
mod pace;
mod remote;
mod worker;

pub use alert::{
    AlertSender, Channel, ChannelError, Chat, ChatKind, Delivery, Engine, Heard, Hours, HttpOptions, Mail, MailOptions,
    Memory, Outcome, PagerDuty, Rule, Security, Standing, TEMPLATES, TemplateError, Templates, Ticket, Webhook, Word,
};
pub use item::{EXPORTED, Item};
pub use notice::{Alert, AlertState};
pub use otlp::{Otlp, OtlpOptions, SetupError};
pub use pace::Pace;
pub use remote::{Plan, Remote, SendError, Sent};
pub use worker::{Exporter, Outbox, SyncState};
