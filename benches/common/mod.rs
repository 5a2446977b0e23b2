//! What the benches of chain and chat set up alike: an archive that holds nothing, and a model server. Used by them only.

use aiobs_agents::{Archive, ArchiveError, PastIncident, TemplateCount};
use aiobs_llm::testkit::StandIn;
use aiobs_types::{
    Diagnosis, Fingerprint, Incident, IncidentId, LogQuery, LogRecord, RecordId, SourceId, TemplateId, Timestamp,
};
use tokio::runtime::Runtime;

/// A server with one model, `m:1b`; it lives as long as its runtime.
pub(crate) fn server() -> std::io::Result<(Runtime, StandIn)> {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let server = rt.block_on(StandIn::start())?;
    server.install("m:1b", 1 << 30, &["completion"]);
    Ok((rt, server))
}

/// Knows nothing, and says so at once.
pub(crate) struct Empty;

impl Archive for Empty {
    fn records(&self, _: &[RecordId]) -> Result<Vec<LogRecord>, ArchiveError> {
        Ok(Vec::new())
    }
    fn around(&self, _: RecordId, _: usize, _: usize) -> Result<Vec<LogRecord>, ArchiveError> {
        Ok(Vec::new())
    }
    fn search(&self, _: &LogQuery) -> Result<Vec<LogRecord>, ArchiveError> {
        Ok(Vec::new())
    }
    fn template_counts(&self, _: Timestamp, _: Timestamp) -> Result<Vec<TemplateCount>, ArchiveError> {
        Ok(Vec::new())
    }
    fn template_text(&self, _: TemplateId) -> Result<Option<String>, ArchiveError> {
        Ok(None)
    }
    fn source_name(&self, _: SourceId) -> Option<String> {
        None
    }
    fn diagnosis(&self, _: Fingerprint) -> Result<Option<Diagnosis>, ArchiveError> {
        Ok(None)
    }
    fn incident(&self, _: IncidentId) -> Result<Option<Incident>, ArchiveError> {
        Ok(None)
    }
    fn incidents(&self, _: Timestamp, _: Timestamp, _: usize) -> Result<Vec<Incident>, ArchiveError> {
        Ok(Vec::new())
    }
    fn similar(&self, _: &Incident, _: usize) -> Result<Vec<PastIncident>, ArchiveError> {
        Ok(Vec::new())
    }
}
