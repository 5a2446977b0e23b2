//! Two ways lead on from the pipeline: onto the board, where the screen sees what it made at once, and to the writer, in
//! order. Used by the pipeline's thread; it does not know how records are made.

use super::EngineEvent;
use super::board::{Board, lock};
use super::pipeline::Output;
use super::writing::WriterMessage;
use aiobs_types::{IncidentId, SourceId, Template};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

/// Records that may wait here for a busy writer; beyond it the pipeline waits, and the files are the buffer.
const BACKLOG: usize = 8_192;

/// Where finished records go: to the board at once, to the writer in order. While the writer is busy, small outputs
/// join here, so that a slow disk does not keep new lines from the screen.
pub(crate) struct Outlet {
    pub(crate) board: Arc<Board>,
    writer: SyncSender<WriterMessage>,
    pub(crate) emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    backlog: Vec<Output>,
    waiting: usize,
    /// Sources whose preview ends once what was made is delivered.
    shown: Vec<SourceId>,
}

impl Outlet {
    pub(crate) fn new(
        board: Arc<Board>,
        writer: SyncSender<WriterMessage>,
        emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    ) -> Self {
        Self { board, writer, emit, backlog: Vec::new(), waiting: 0, shown: Vec::new() }
    }

    /// Shows the output on the board and puts it before the writer.
    pub(crate) fn deliver(&mut self, output: Output) {
        let Self { board, emit, .. } = self;
        if !output.batch.is_empty() {
            count_per_source(board, &output);
            board.live.push(Arc::clone(&output.batch));
            lock(&board.stats).add(&output.batch);
            emit(EngineEvent::Appended);
        }
        publish_templates(board, &output.templates);
        board.learnt(&output.markers, &output.lives);
        if !output.incidents.is_empty() || !output.forgotten.is_empty() {
            let mut all = lock(&board.incidents);
            for id in &output.forgotten {
                all.remove(id);
            }
            all.extend(output.incidents.iter().map(|i| (i.id, Arc::clone(i))));
        }
        let fresh: HashSet<IncidentId> = output.to_diagnose.iter().copied().collect();
        for incident in &output.incidents {
            emit(EngineEvent::Incident { opened: fresh.contains(&incident.id), incident: Arc::clone(incident) });
        }
        board.touch();
        self.waiting += output.batch.len();
        self.backlog.push(output);
        self.pass_on(false);
    }

    /// Whether nothing waits for the writer.
    pub(crate) const fn is_idle(&self) -> bool {
        self.backlog.is_empty()
    }

    /// The lines of a source's preview are records once what was made is delivered, or never.
    pub(crate) fn preview_ends(&mut self, source: SourceId) {
        self.shown.push(source);
    }

    /// Takes previews from the screen whose lines are there as records now, or not at all.
    pub(crate) fn end_previews(&mut self) {
        let ended = self.shown.drain(..).filter(|source| self.board.live.end_preview(*source)).count();
        if ended > 0 {
            (self.emit)(EngineEvent::Appended);
        }
    }

    /// Hands the writer what waits for it. With `wait`, or when too much waits, not without its having room: that is the
    /// back-pressure.
    pub(crate) fn pass_on(&mut self, wait: bool) {
        if self.backlog.is_empty() {
            return;
        }
        let message = WriterMessage::Outputs(std::mem::take(&mut self.backlog));
        let refused = if wait || self.waiting >= BACKLOG {
            // The writer is gone only when everything stops.
            let _ = self.writer.send(message);
            None
        } else {
            match self.writer.try_send(message) {
                Err(TrySendError::Full(WriterMessage::Outputs(outputs))) => Some(outputs),
                _ => None,
            }
        };
        match refused {
            Some(outputs) => self.backlog = outputs,
            None => self.waiting = 0,
        }
    }

    /// Hands over everything, then `last`.
    pub(crate) fn finish(&mut self, last: WriterMessage) {
        self.pass_on(true);
        let _ = self.writer.send(last);
    }
}

fn count_per_source(board: &Board, output: &Output) {
    let mut sources = lock(&board.sources);
    let mut run = (SourceId::default(), 0u64);
    for row in output.batch.rows() {
        if row.source == run.0 {
            run.1 += 1;
            continue;
        }
        if let Some(info) = sources.get_mut(&run.0) {
            info.records += run.1;
        }
        run = (row.source, 1);
    }
    if let Some(info) = sources.get_mut(&run.0) {
        info.records += run.1;
    }
}

pub(crate) fn publish_templates(board: &Board, templates: &[Template]) {
    let mut texts = lock(&board.templates);
    for t in templates {
        match texts.get_mut(&t.id) {
            Some(known) => {
                let Template { id: _, text, count, first_seen, last_seen, severity, example } = t;
                if known.text != *text {
                    known.text.clone_from(text);
                }
                (known.count, known.severity, known.example) = (*count, *severity, *example);
                (known.first_seen, known.last_seen) = (*first_seen, *last_seen);
            }
            None => {
                texts.insert(t.id, t.clone());
            }
        }
    }
    lock(&board.stats).totals.templates = texts.len() as u64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, TemplateId, Timestamp};
    use std::sync::mpsc::sync_channel;

    fn output(first: u64, records: u64) -> Output {
        let mut batch = RecordBatch::new(RecordId(first));
        for offset in first..first + records {
            batch.push(NewRecord {
                time: Timestamp(0),
                observed: Timestamp(0),
                offset,
                source: SourceId(1),
                template: TemplateId(0),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text: "x",
                message: (0, 1),
            });
        }
        Output { batch: Arc::new(batch), ..Output::default() }
    }

    #[test]
    fn small_outputs_do_not_wait_for_a_busy_writer_and_stay_in_order() {
        let board = Arc::new(Board::new(RecordId(1)));
        let (writer, inbox) = sync_channel(1);
        let mut outlet = Outlet::new(Arc::clone(&board), writer, Arc::new(|_| {}));
        // Nobody takes: the first fills the channel, the others would block.
        (1..=4).for_each(|first| outlet.deliver(output(first, 1)));
        assert_eq!((board.live.next(), outlet.backlog.len()), (RecordId(5), 3), "on the board all the same");
        let writing = std::thread::spawn(move || {
            let mut firsts = Vec::new();
            while let Ok(WriterMessage::Outputs(outputs)) = inbox.recv() {
                firsts.extend(outputs.iter().map(|o| o.batch.first.0));
            }
            firsts
        });
        // Too much for a backlog: waits for the writer.
        outlet.deliver(output(5, BACKLOG as u64));
        assert!(outlet.backlog.is_empty());
        outlet.finish(WriterMessage::Stop);
        assert_eq!(writing.join().ok(), Some(vec![1, 2, 3, 4, 5]));
    }
}
