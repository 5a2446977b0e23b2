//! What every layer around a provider has in common: most of a provider's methods are those of what is inside. Used by
//! the layers; it knows none of them.

/// Methods of [`crate::Provider`] that are those of the provider in this field of `self`.
macro_rules! pass_on {
    (@one name, $($inner:ident).+) => {
        fn name(&self) -> &str {
            self.$($inner).+.name()
        }
    };
    (@one endpoint, $($inner:ident).+) => {
        fn endpoint(&self) -> &str {
            self.$($inner).+.endpoint()
        }
    };
    (@one is_local, $($inner:ident).+) => {
        fn is_local(&self) -> bool {
            self.$($inner).+.is_local()
        }
    };
    (@one models, $($inner:ident).+) => {
        fn models(&self) -> futures_util::future::BoxFuture<'_, Result<Vec<$crate::ModelInfo>, $crate::LlmError>> {
            self.$($inner).+.models()
        }
    };
    (@one health, $($inner:ident).+) => {
        fn health(&self) -> futures_util::future::BoxFuture<'_, $crate::Health> {
            self.$($inner).+.health()
        }
    };
    (@one outgoing, $($inner:ident).+) => {
        fn outgoing(&self, request: &$crate::ChatRequest) -> Option<$crate::Outgoing> {
            self.$($inner).+.outgoing(request)
        }
    };
    (@one embed, $($inner:ident).+) => {
        fn embed(
            &self,
            request: $crate::EmbedRequest,
        ) -> futures_util::future::BoxFuture<'_, Result<$crate::Embeddings, $crate::LlmError>> {
            self.$($inner).+.embed(request)
        }
    };
    (@one pull, $($inner:ident).+) => {
        fn pull(&self, model: String) -> $crate::PullStream {
            self.$($inner).+.pull(model)
        }
    };
    ($inner:ident: $($method:ident)*) => { $($crate::layer::pass_on!(@one $method, $inner);)* };
    ($outer:ident.$inner:ident: $($method:ident)*) => { $($crate::layer::pass_on!(@one $method, $outer.$inner);)* };
}

pub(crate) use pass_on;
