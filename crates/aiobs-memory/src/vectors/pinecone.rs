//! Pinecone and what speaks like it, over REST: the data plane of one index, one namespace per model. The index must
//! exist, with the dimension of the model and the metric `cosine`.

use super::rest::{Rest, floats, narrowed};
use super::{Page, Point, Result, VectorStore, content_of, id_of, ids_of};
use aiobs_types::ContentHash;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

/// Version of the interface that is spoken.
const VERSION: &str = "2025-01";
/// Ids in one request of `fetch`, which has them in its address.
const FETCHED: usize = 50;

/// See the module.
pub struct Pinecone {
    rest: Rest,
    namespace: String,
}

impl Pinecone {
    /// The index at `url` (its host, as the console shows it). Nothing is sent yet.
    ///
    /// # Errors
    /// [`super::VectorError::Bad`] when the address or the key makes no sense.
    pub fn new(url: &str, namespace: &str, key: Option<&str>) -> Result<Self> {
        let mut headers: Vec<(&'static str, &str)> = vec![("x-pinecone-api-version", VERSION)];
        headers.extend(key.map(|k| ("api-key", k)));
        let rest = Rest::new(url, format!("pinecone {}", url.trim_end_matches('/')), &headers)?;
        Ok(Self { rest, namespace: namespace.to_owned() })
    }

    async fn fetch(&self, contents: &[ContentHash]) -> Result<Vec<Point>> {
        let mut points = Vec::new();
        for some in contents.chunks(FETCHED) {
            let ids: Vec<String> = ids_of(some).into_iter().map(|id| format!("ids={id}")).collect();
            let path = format!("vectors/fetch?{}&namespace={}", ids.join("&"), self.namespace);
            let Some(answer) = self.rest.send(Method::GET, &path, None).await? else { continue };
            let found = answer.get("vectors").and_then(Value::as_object);
            let found = found.ok_or_else(|| self.rest.odd("no vectors".to_owned()))?;
            points.extend(found.iter().filter_map(|(id, v)| Some((content_of(id)?, floats(v.get("values"))?))));
        }
        Ok(points)
    }
}

impl VectorStore for Pinecone {
    fn place(&self) -> &str {
        &self.rest.place
    }

    fn is_local(&self) -> bool {
        self.rest.local
    }

    fn count(&self) -> BoxFuture<'_, Result<u64>> {
        async move {
            let sent = self.rest.send(Method::POST, "describe_index_stats", Some(json!({}))).await?;
            let namespaces = sent.as_ref().and_then(|v| v.get("namespaces"));
            let ours = namespaces.and_then(|n| n.get(&self.namespace)?.get("vectorCount")?.as_u64());
            Ok(ours.unwrap_or(0))
        }
        .boxed()
    }

    fn known(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<Vec<ContentHash>>> {
        async move { Ok(self.fetch(&contents).await?.into_iter().map(|(c, _)| c).collect()) }.boxed()
    }

    fn put(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        async move {
            // The content also as metadata: what a search can be narrowed to.
            let vector = |(content, values): &Point| {
                let id = id_of(*content);
                json!({"id": id, "values": values, "metadata": {"content": id}})
            };
            let vectors: Vec<Value> = points.iter().map(vector).collect();
            let body = json!({"vectors": vectors, "namespace": self.namespace});
            let sent = self.rest.send(Method::POST, "vectors/upsert", Some(body)).await?;
            sent.map(drop).ok_or_else(|| self.rest.odd("there is no index at this address".to_owned()))
        }
        .boxed()
    }

    fn remove(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<()>> {
        async move {
            let ids = ids_of(&contents);
            let body = json!({"ids": ids, "namespace": self.namespace});
            self.rest.send(Method::POST, "vectors/delete", Some(body)).await.map(drop)
        }
        .boxed()
    }

    fn near(
        &self,
        query: Vec<f32>,
        among: Option<Vec<ContentHash>>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(ContentHash, f64)>>> {
        async move {
            let body = json!({
                "vector": query, "topK": limit, "namespace": self.namespace, "includeValues": false,
                "includeMetadata": false,
            });
            let filter = narrowed(among, |ids| json!({"content": {"$in": ids}}));
            self.rest.nearest("query", body, filter, "/matches").await
        }
        .boxed()
    }

    fn page(&self, after: Option<String>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        async move {
            let after = after.map_or_else(String::new, |a| format!("&paginationToken={a}"));
            let path = format!("vectors/list?namespace={}&limit={}{after}", self.namespace, limit.min(100));
            let Some(answer) = self.rest.send(Method::GET, &path, None).await? else { return Ok(Page::default()) };
            let listed = answer.get("vectors").and_then(Value::as_array).cloned().unwrap_or_default();
            let ids: Vec<ContentHash> = listed.iter().filter_map(|v| content_of(v.get("id")?.as_str()?)).collect();
            let next = answer.pointer("/pagination/next").and_then(Value::as_str);
            let next = next.filter(|n| !n.is_empty()).map(str::to_owned);
            Ok(Page { points: self.fetch(&ids).await?, next })
        }
        .boxed()
    }
}
