//! `aiobs knowledge migrate`: copies the vectors from one store to another. What is there already is not sent again, so that
//! the same command goes on after a stop or a fault. Knows no store by itself.

use crate::cli::args::{MigrateArgs, Vectors};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, UsageError};
use crate::cli::output::{plural, safe};
use crate::cli::{remember, signals};
use crate::config::{Config, Knowledge};
use crate::runtime::memory;
use aiobs_memory::{Moved, VectorStore, migrate};
use anyhow::anyhow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const fn kind(v: Vectors) -> &'static str {
    match v {
        Vectors::Sqlite => "sqlite",
        Vectors::Pgvector => "pgvector",
        Vectors::Qdrant => "qdrant",
        Vectors::Pinecone => "pinecone",
    }
}

pub(super) fn run(cx: &Context, way: &MigrateArgs) -> anyhow::Result<Exit> {
    let from = way.from.map_or_else(|| cx.config.knowledge.store.clone(), |f| kind(f).to_owned());
    let to = kind(way.to);
    check(cx, way, &from, to)?;
    let model = remember::configured(cx)?.model().to_owned();
    let source = stored(cx, &source(cx, way), &from, &model)?;
    let target = stored(cx, &cx.config, to, &model)?;
    let cancel = signals::cancel()?;
    let shows = cx.shows_progress();
    let mut last = Moved::default();
    let mut heard = |moved: Moved| {
        last = moved;
        if shows {
            let (done, all) = (moved.copied + moved.there, moved.all.max(moved.copied + moved.there));
            eprint!("\r\x1b[K{done} of {}  (Ctrl-C stops)", plural(all, "vector"));
        }
        !cancel.load(Ordering::SeqCst)
    };
    let ended = memory::wait(migrate(source.as_ref(), target.as_ref(), &mut heard))?;
    if shows {
        eprint!("\r\x1b[K");
    }
    let copied = format!("{} copied", plural(last.copied, "vector"));
    if let Err(e) = ended {
        return Err(anyhow!("{e}; {copied} until then, and the same command goes on"));
    }
    let now = memory::wait(target.count())??;
    println!(
        "{copied} from {} to {}, {} there before; it has {}",
        safe(source.place()),
        safe(target.place()),
        last.there,
        plural(now, "vector")
    );
    if cancel.load(Ordering::SeqCst) {
        eprintln!("aiobs: stopped; the same command goes on");
        return Ok(Exit::Interrupted);
    }
    if !cx.quiet && cx.config.knowledge.store != to {
        eprintln!("aiobs: now set knowledge.store = \"{to}\"");
    }
    Ok(Exit::Done)
}

/// Whether the way leads from one place to another.
fn check(cx: &Context, way: &MigrateArgs, from: &str, to: &str) -> anyhow::Result<()> {
    let wrong = if from == to && (way.from_url.is_none() || to == "sqlite") {
        format!("the vectors are in {from} already; name another store with --to")
    } else if from != "sqlite" && to != "sqlite" && way.from_url.is_none() {
        format!("knowledge.store_url is the address of {to}; name that of {from} with --from-url")
    } else if cx.offline {
        "--offline uses no network; leave it out to move vectors to or from another store".to_owned()
    } else {
        return Ok(());
    };
    Err(UsageError(wrong).into())
}

/// The configuration of the store they come from: its key is its own.
fn source(cx: &Context, way: &MigrateArgs) -> Config {
    let mut config = cx.config.clone();
    if let Some(url) = &way.from_url {
        config.knowledge = Knowledge {
            store_url: url.clone(),
            store_key_env: way.from_key_env.clone().unwrap_or_default(),
            store_key_file: PathBuf::new(),
            ..config.knowledge
        };
    }
    config
}

/// The store, or the archive itself.
fn stored(cx: &Context, config: &Config, kind: &str, model: &str) -> anyhow::Result<Arc<dyn VectorStore>> {
    match memory::vectors(config, kind, model).map_err(UsageError)? {
        Some(store) => Ok(store),
        None => Ok(Arc::new(memory::Archived::open(&cx.data_dir, model)?)),
    }
}
