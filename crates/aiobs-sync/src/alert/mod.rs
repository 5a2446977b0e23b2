//! Alerts: which incidents people are told of, by which rule, and how the word gets to them. Rules decide ([`Engine`]),
//! templates write ([`Templates`]), a [`Channel`] per kind of receiver sends, and the worker of the outbox sees that it
//! arrives. Wired by the program's runtime. It knows neither the pipeline nor the screen.

mod channel;
mod chat;
mod hours;
mod http;
mod pagerduty;
mod rules;
mod smtp;
mod template;
mod webhook;

pub(crate) use crate::notice::{Alert, AlertState};
pub use channel::{AlertSender, Channel, Delivery, Heard, Outcome};
pub use chat::{Chat, ChatKind};
pub use hours::Hours;
pub use http::HttpOptions;
pub use pagerduty::PagerDuty;
pub use rules::{Engine, Memory, Rule, Standing, Ticket, Word};
pub use smtp::{Mail, MailOptions, Security};
pub use template::{TEMPLATES, TemplateError, Templates};
pub use webhook::Webhook;

/// Why a channel can't be made. Never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChannelError(pub String);

#[cfg(test)]
mod testing;
