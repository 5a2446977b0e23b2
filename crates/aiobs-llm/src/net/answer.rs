//! An answer that streams: opens it when it is first polled, feeds a decoder, measures, and stops at once when
//! cancelled. Used by every provider; the decoder knows the wire format, this file does not.

use super::http::Body;
use crate::{ChatEvent, ChatStream, LlmError};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

pub(crate) type Events = VecDeque<Result<ChatEvent, LlmError>>;

/// Characters a token stands for when the server does not count.
const CHARS_PER_TOKEN: u64 = 4;

/// Tokens a text of so many characters is, roughly.
pub(crate) fn estimate_tokens(chars: u64) -> u64 {
    chars.div_ceil(CHARS_PER_TOKEN)
}

/// Makes events of a body.
pub(crate) trait Decode: Send {
    /// Takes the next chunk, cut anywhere.
    fn push(&mut self, chunk: &[u8], out: &mut Events);
    /// The connection ended; without the end of the answer it was cut.
    fn finish(&mut self, out: &mut Events);
}

pub(crate) type Opened = Result<(Body, Box<dyn Decode>), LlmError>;

enum Phase {
    Ask(BoxFuture<'static, Opened>),
    Read(Body, Box<dyn Decode>),
    End,
}

struct Answer {
    cancel: CancellationToken,
    phase: Phase,
    ready: Events,
    began: Option<Instant>,
    first: Option<Duration>,
}

/// The events of the answer that `open` opens.
pub(crate) fn answer(open: BoxFuture<'static, Opened>, cancel: CancellationToken) -> ChatStream {
    let answer = Answer { cancel, phase: Phase::Ask(open), ready: Events::new(), began: None, first: None };
    stream::unfold(answer, Answer::next).boxed()
}

impl Answer {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let event = self.timed(event);
                if matches!(event, Err(_) | Ok(ChatEvent::Done(_))) {
                    self.phase = Phase::End;
                    self.ready.clear();
                }
                return Some((event, self));
            }
            if matches!(self.phase, Phase::End) {
                return None;
            }
            let cancel = self.cancel.clone();
            let cancelled = tokio::select! {
                biased;
                () = cancel.cancelled() => true,
                () = self.step() => false,
            };
            if cancelled {
                self.ready.clear();
                self.ready.push_back(Err(LlmError::Cancelled));
            }
        }
    }

    async fn step(&mut self) {
        match &mut self.phase {
            Phase::Ask(open) => {
                self.began.get_or_insert_with(Instant::now);
                match open.await {
                    Ok((body, decoder)) => self.phase = Phase::Read(body, decoder),
                    Err(e) => self.ready.push_back(Err(e)),
                }
            }
            Phase::Read(body, decoder) => match body.next().await {
                Some(Ok(chunk)) => decoder.push(&chunk, &mut self.ready),
                Some(Err(_)) | None => decoder.finish(&mut self.ready),
            },
            Phase::End => {}
        }
    }

    /// Adds what was measured here.
    fn timed(&mut self, mut event: Result<ChatEvent, LlmError>) -> Result<ChatEvent, LlmError> {
        let elapsed = self.began.map(|b| b.elapsed()).unwrap_or_default();
        match &mut event {
            Ok(ChatEvent::Done(done)) => {
                done.usage.first_token = self.first;
                if done.usage.total.is_zero() {
                    done.usage.total = elapsed;
                }
            }
            Ok(_) => {
                self.first.get_or_insert(elapsed);
            }
            Err(_) => {}
        }
        event
    }
}
