//! What an HTTP exchange left to tell: the first bytes of an answer, and why there was none. Used by every remote that
//! speaks HTTP; it knows none of them.

use reqwest::Response;

/// Bytes of an answer that are looked at; servers explain themselves in fewer.
const ANSWER: usize = 64 << 10;

/// The answer's body, as far as it is looked at.
pub(crate) async fn read(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= ANSWER {
            body.truncate(ANSWER);
            break;
        }
    }
    body
}

/// The innermost cause: "connection refused" says more than "error sending request".
pub(crate) fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
