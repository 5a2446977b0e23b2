//! What PostgreSQL says when it does not do what it is asked, in our words: which part failed and what to do. Knows no
//! SQL but what it advises.

use crate::vectors::{VectorError, told};
use std::error::Error as _;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

const NO_PASSWORD: &str =
    "it asks for a password: name its variable in knowledge.store_key_env, or its file in knowledge.store_key_file";

/// What to do about an answer of this kind, to be added to the server's words.
fn advice(error: &DbError) -> Option<&'static str> {
    let code = error.code();
    Some(match *code {
        SqlState::INVALID_PASSWORD => {
            "the password is read as knowledge.store_key_env or knowledge.store_key_file say, the user is in knowledge.store_url"
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the user is in knowledge.store_url; the server's pg_hba.conf says who may come from where, and whether encrypted"
        }
        SqlState::INVALID_CATALOG_NAME => "create it with `createdb`, or name another in knowledge.store_url",
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "its owner can allow it: `GRANT CREATE, USAGE ON SCHEMA public TO ...`, or `GRANT ALL ON TABLE ... TO ...` for a table that exists"
        }
        SqlState::INVALID_COLUMN_REFERENCE => "the table was not made by aiobs; name another in knowledge.collection",
        SqlState::DATA_EXCEPTION if error.message().contains("dimensions") => {
            "the table keeps vectors of another model; drop it, or name another in knowledge.collection"
        }
        _ => return None,
    })
}

/// In our words; `place` names the store.
pub(super) fn fault(place: &str, error: &Error) -> VectorError {
    let place = place.to_owned();
    if let Some(said) = error.as_db_error() {
        let advice = advice(said).map(|a| format!("; {a}")).unwrap_or_default();
        let detail = said.detail().map(|d| format!(" ({d})")).unwrap_or_default();
        let message = told(&format!("{}{detail}", said.message())) + &advice;
        return VectorError::Refused { place, status: said.code().code().to_owned(), message };
    }
    let mut chain = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if chain.last() != Some(&text) {
            chain.push(text);
        }
        next = cause.source();
    }
    let reason = told(&chain.join(": "));
    if reason.contains("password missing") {
        return VectorError::Unreachable { place, reason: NO_PASSWORD.to_owned() };
    }
    let advice = match &reason {
        r if r.contains("does not support TLS") => {
            "; where the way to it is safe, add ?sslmode=disable to knowledge.store_url"
        }
        r if r.contains("UnknownIssuer") => {
            "; add ?sslrootcert=FILE with the certificate of its authority to knowledge.store_url"
        }
        _ => "",
    };
    VectorError::Unreachable { place, reason: reason + advice }
}
