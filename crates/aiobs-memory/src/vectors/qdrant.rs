//! Qdrant, over REST: one collection per model, points named by the content as a UUID.

use super::rest::{Rest, floats, narrowed};
use super::{Page, Point, Result, VectorStore, content_of, id_of, ids_of};
use aiobs_types::ContentHash;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

/// See the module.
pub struct Qdrant {
    rest: Rest,
    collection: String,
}

impl Qdrant {
    /// The collection of a server at `url`; `key` is its API key, when it wants one. Nothing is sent yet.
    ///
    /// # Errors
    /// [`super::VectorError::Bad`] when the address or the key makes no sense.
    pub fn new(url: &str, collection: &str, key: Option<&str>) -> Result<Self> {
        let headers: Vec<(&'static str, &str)> = key.map(|k| ("api-key", k)).into_iter().collect();
        let rest = Rest::new(url, format!("qdrant {}", url.trim_end_matches('/')), &headers)?;
        Ok(Self { rest, collection: collection.to_owned() })
    }

    fn path(&self, rest: &str) -> String {
        format!("collections/{}{rest}", self.collection)
    }

    /// Points of an answer as they are listed there.
    fn ids(&self, points: Option<&Value>) -> Result<Vec<(ContentHash, Value)>> {
        let list = points.and_then(Value::as_array).ok_or_else(|| self.rest.odd("no list of points".to_owned()))?;
        // A number is somebody else's point.
        let ours = list.iter().filter_map(|p| Some((content_of(p.get("id")?.as_str()?)?, p.clone())));
        Ok(ours.collect())
    }

    async fn create(&self, dimensions: usize) -> Result<()> {
        let there = self.rest.send(Method::GET, &self.path("/exists"), None).await?;
        if there.as_ref().and_then(|v| v.pointer("/result/exists")).and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
        let body = json!({"vectors": {"size": dimensions, "distance": "Cosine"}});
        self.rest.send(Method::PUT, &self.path(""), Some(body)).await?;
        Ok(())
    }
}

impl VectorStore for Qdrant {
    fn place(&self) -> &str {
        &self.rest.place
    }

    fn is_local(&self) -> bool {
        self.rest.local
    }

    fn count(&self) -> BoxFuture<'_, Result<u64>> {
        async move {
            let Some(answer) =
                self.rest.send(Method::POST, &self.path("/points/count"), Some(json!({"exact": true}))).await?
            else {
                return Ok(0);
            };
            let count = answer.pointer("/result/count").and_then(Value::as_u64);
            count.ok_or_else(|| self.rest.odd("no count".to_owned()))
        }
        .boxed()
    }

    fn known(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<Vec<ContentHash>>> {
        async move {
            let body = json!({"ids": ids_of(&contents), "with_vector": false, "with_payload": false});
            let Some(answer) = self.rest.send(Method::POST, &self.path("/points"), Some(body)).await? else {
                return Ok(Vec::new());
            };
            Ok(self.ids(answer.get("result"))?.into_iter().map(|(c, _)| c).collect())
        }
        .boxed()
    }

    fn put(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        async move {
            let Some((_, first)) = points.first() else { return Ok(()) };
            self.create(first.len()).await?;
            let points: Vec<Value> =
                points.iter().map(|(content, vector)| json!({"id": id_of(*content), "vector": vector})).collect();
            let sent =
                self.rest.send(Method::PUT, &self.path("/points?wait=true"), Some(json!({"points": points}))).await?;
            sent.map(drop).ok_or_else(|| self.rest.odd(format!("there is no collection `{}`", self.collection)))
        }
        .boxed()
    }

    fn remove(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<()>> {
        async move {
            let body = json!({"points": ids_of(&contents)});
            self.rest.send(Method::POST, &self.path("/points/delete?wait=true"), Some(body)).await.map(drop)
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
            let body = json!({"query": query, "limit": limit, "with_payload": false});
            let filter = narrowed(among, |ids| json!({"must": [{"has_id": ids}]}));
            self.rest.nearest(&self.path("/points/query"), body, filter, "/result/points").await
        }
        .boxed()
    }

    fn page(&self, after: Option<String>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        async move {
            let body = json!({"limit": limit, "offset": after, "with_vector": true, "with_payload": false});
            let Some(answer) = self.rest.send(Method::POST, &self.path("/points/scroll"), Some(body)).await? else {
                return Ok(Page::default());
            };
            let points = self.ids(answer.pointer("/result/points"))?;
            let next = answer.pointer("/result/next_page_offset").and_then(Value::as_str).map(str::to_owned);
            let points = points.into_iter().filter_map(|(c, p)| Some((c, floats(p.get("vector"))?))).collect();
            Ok(Page { points, next })
        }
        .boxed()
    }
}
