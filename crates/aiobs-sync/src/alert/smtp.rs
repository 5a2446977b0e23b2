//! Mail: a message with plain text and HTML over SMTP, encrypted by STARTTLS or from the first byte.

use super::http::{certificate, checked, is_loopback};
use super::{Alert, ChannelError, Templates};
use crate::SendError;
use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins in the clear and is encrypted before anything is said; usually port 587.
    StartTls,
    /// Encrypted from the first byte; usually port 465.
    Tls,
    /// Not at all.
    None,
}

/// What the channel is made from.
#[derive(Clone, Copy)]
pub struct MailOptions<'a> {
    /// Name of the server.
    pub host: &'a str,
    /// Its port; 0 is the usual one.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Name and password.
    pub login: Option<(&'a str, &'a str)>,
    /// Who sends.
    pub from: &'a str,
    /// Who receives.
    pub to: &'a [String],
    /// Certificates, as PEM, that are trusted beside the usual ones.
    pub ca: Option<&'a [u8]>,
    /// Longest wait for each answer.
    pub timeout: Duration,
}

/// See the module.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    host: String,
    port: u16,
}

/// RFC 3834: no machine shall answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mail {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(o: MailOptions<'_>) -> Result<Self, ChannelError> {
        let address = |text: &str| {
            text.parse::<Mailbox>().map_err(|e| ChannelError(format!("`{text}` is not a mail address: {e}")))
        };
        let (from, to) = (address(o.from)?, o.to.iter().map(|t| address(t)).collect::<Result<Vec<_>, _>>()?);
        if to.is_empty() {
            return Err(ChannelError("`to` names nobody".to_owned()));
        }
        if o.security == Security::None && o.login.is_some() && !is_loopback(o.host) {
            let text = "security = \"none\" would send the password in the clear; use \"starttls\" or \"tls\"";
            return Err(ChannelError(text.to_owned()));
        }
        let (tls, usual) = match o.security {
            Security::StartTls => (Tls::Required(parameters(&o)?), 587),
            Security::Tls => (Tls::Wrapper(parameters(&o)?), 465),
            Security::None => (Tls::None, 25),
        };
        let port = if o.port == 0 { usual } else { o.port };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(o.host);
        builder = builder.port(port).tls(tls).timeout(Some(o.timeout));
        if let Some((name, password)) = o.login {
            builder = builder.credentials(Credentials::new(name.to_owned(), password.to_owned()));
        }
        Ok(Self { transport: builder.build(), from, to, host: o.host.to_owned(), port })
    }

    /// Host and port, to be shown.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Sends one message. Says who of several did not get it.
    pub(super) async fn send(&self, alerts: &[Alert], templates: &Templates) -> Result<Option<String>, SendError> {
        let message = self.message(alerts, templates)?;
        match self.transport.send(message.clone()).await {
            Ok(_) => Ok(None),
            // One address that does not exist must not keep the others from hearing.
            Err(e) if refused(&e) && self.to.len() > 1 => self.each(&message).await,
            Err(e) => Err(self.fault(&e)),
        }
    }

    async fn each(&self, message: &Message) -> Result<Option<String>, SendError> {
        let body = message.formatted();
        let (mut got, mut missed) = (0, Vec::new());
        let mut worst = None;
        for to in &self.to {
            let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]);
            let Ok(envelope) = envelope else { continue };
            match self.transport.send_raw(&envelope, &body).await {
                Ok(_) => got += 1,
                Err(e) => {
                    missed.push(to.email.to_string());
                    worst = Some(self.fault(&e));
                }
            }
        }
        match worst {
            Some(fault) if got == 0 => Err(fault),
            Some(fault) => Ok(Some(format!("not to {}: {fault}", missed.join(", ")))),
            None => Ok(None),
        }
    }

    fn message(&self, alerts: &[Alert], templates: &Templates) -> Result<Message, SendError> {
        let wrong = |reason: String| SendError::Refused { reason };
        let subject = templates.line("subject.txt", alerts).map_err(|e| wrong(e.0))?;
        let text = templates.render("mail.txt", alerts).map_err(|e| wrong(e.0))?;
        let html = templates.render("mail.html", alerts).map_err(|e| wrong(e.0))?;
        let mut builder = Message::builder().from(self.from.clone()).subject(subject).header(AutoSubmitted);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        if let Some(first) = alerts.first() {
            // The same for a message that is sent again, so that programs see that it is the same.
            let thread = format!("<{}@{}>", plain(&first.key), plain(&first.host));
            let id =
                format!("<{}.{}.{}@{}>", plain(&first.key), first.state.name(), first.queued.0, plain(&first.host));
            builder = builder.message_id(Some(id)).references(thread);
        }
        builder.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|e| wrong(e.to_string()))
    }

    fn fault(&self, e: &Error) -> SendError {
        let reason = format!("{}: {}", self.place(), words(e));
        if refused(e) { SendError::Refused { reason } } else { SendError::Later { reason, after: None } }
    }
}

/// Refused for good. What is wrong with the login may be put right while the mail waits.
fn refused(e: &Error) -> bool {
    e.is_permanent()
        && !e.status().is_some_and(|code| matches!(code.to_string().as_str(), "530" | "534" | "535" | "538"))
}

fn words(e: &Error) -> String {
    if e.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = e;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let words = cause.to_string();
    let code = e.status().map(|c| format!("{c} ")).filter(|c| !words.starts_with(c.as_str())).unwrap_or_default();
    let tame: Vec<&str> =
        words.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    certificate(&format!("{code}{}", tame.join(" ")).chars().take(200).collect::<String>())
}

/// Fit for the left or right of a message's id.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' }).collect()
}

fn parameters(o: &MailOptions<'_>) -> Result<TlsParameters, ChannelError> {
    let mut builder = TlsParameters::builder(o.host.to_owned());
    if let Some(pem) = o.ca {
        let wrong = |_| ChannelError("ca_file holds no certificates".to_owned());
        builder = builder.add_root_certificate(Certificate::from_pem(checked(pem)?).map_err(wrong)?);
    }
    builder.build_rustls().map_err(|e| ChannelError(format!("no TLS for {}: {}", o.host, words(&e))))
}
