//! PagerDuty's Events API v2: one event per incident, joined by its key, ended by its end.

use super::http::{Http, HttpOptions};
use super::{Alert, AlertState, ChannelError, Templates};
use crate::SendError;
use aiobs_types::Level;
use serde_json::{Value, json};

/// Longest summary it takes.
const SUMMARY: usize = 1024;

/// See the module.
pub struct PagerDuty {
    pub(super) http: Http,
    key: String,
}

impl PagerDuty {
    /// `key` is the routing key of an integration. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(http: HttpOptions<'_>, key: &str) -> Result<Self, ChannelError> {
        Ok(Self { http: Http::new(http, &[key])?, key: key.to_owned() })
    }

    pub(super) async fn send(&self, alert: &Alert, templates: &Templates) -> Result<(), SendError> {
        self.http.post(self.event(alert, templates)?.to_string(), &[]).await
    }

    fn event(&self, a: &Alert, templates: &Templates) -> Result<Value, SendError> {
        let line = templates.line("line.txt", std::slice::from_ref(a));
        let summary: String = line.map_err(|e| SendError::Refused { reason: e.0 })?.chars().take(SUMMARY).collect();
        let action = match a.state {
            AlertState::Open | AlertState::Diagnosed | AlertState::Test => "trigger",
            AlertState::Acknowledged => "acknowledge",
            AlertState::Resolved => "resolve",
        };
        let severity = match a.level {
            Level::Fatal => "critical",
            Level::Error => "error",
            Level::Warn => "warning",
            _ => "info",
        };
        let time = jiff::Timestamp::from_nanosecond(i128::from(a.began.0)).map(|t| t.to_string()).ok();
        Ok(json!({
            "routing_key": self.key,
            "event_action": action,
            "dedup_key": a.key,
            "client": "aiobs",
            "payload": {
                "summary": summary,
                "source": a.host,
                "severity": severity,
                "timestamp": time,
                "component": a.components.first(),
                "custom_details": {
                    "incident": a.incident,
                    "state": a.state.name(),
                    "criticality": a.criticality,
                    "components": a.components,
                    "count": a.count,
                    "reason": a.reason,
                    "cause": a.cause,
                    "explained_by": a.by,
                    "now": a.now,
                    "rule": a.rule,
                    "held_back": a.held,
                },
            },
        }))
    }
}
