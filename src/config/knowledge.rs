//! What must hold between the keys of `[knowledge]`, checked once all layers are laid.

use super::layers::Layers;
use super::mistake::{Mistake, MistakeKind, Origin};

impl Layers {
    /// Told where the key is set that has to change.
    pub(super) fn check_knowledge(&mut self) {
        let told = |key: &str| self.values.get(key).and_then(|(v, o)| Some((v.as_str()?.to_owned(), o.clone())));
        let [store, url, env, file] =
            ["store", "store_url", "store_key_env", "store_key_file"].map(|k| told(&format!("knowledge.{k}")));
        let mut wrong = |origin: Origin, text: String| {
            self.mistakes.push(Mistake { origin, kind: MistakeKind::Conflict, text, nearest: None });
        };
        if let (Some((store, _)), Some((url, origin))) = (store, url) {
            let postgres = url.starts_with("postgres");
            match &*store {
                "sqlite" => {}
                _ if url.is_empty() => {}
                "pgvector" if !postgres => {
                    wrong(origin, "knowledge.store_url: pgvector wants an address that begins with postgres://".into());
                }
                "pgvector" => {}
                other if postgres => {
                    wrong(
                        origin,
                        format!("knowledge.store_url: {other} wants an address that begins with http:// or https://"),
                    );
                }
                _ => {}
            }
        }
        if let (Some((env, _)), Some((file, origin))) = (env, file)
            && !(env.is_empty() || file.is_empty())
        {
            wrong(origin, "knowledge: store_key_env and store_key_file both say where the key is; keep one".into());
        }
    }
}
