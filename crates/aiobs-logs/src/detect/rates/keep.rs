//! Keeping the series across restarts: each is a named blob, written again when it changed.

use super::RateBook;
use super::series::Series;

impl RateBook {
    /// The name that all blobs begin with.
    pub const PREFIX: &'static str = "rates/";

    /// Blobs of the series that changed since the last call, by name; an empty one stands for a series that is gone.
    pub fn take_state(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = self.gone.drain(..).map(|name| (name, Vec::new())).collect();
        for slot in std::mem::take(&mut self.dirty) {
            let Some(series) = self.series.get_mut(slot as usize).and_then(Option::as_mut) else { continue };
            if !std::mem::take(&mut series.dirty) {
                continue;
            }
            series.stored = true;
            if let Ok(blob) = serde_json::to_vec(&*series) {
                out.push((series.key.name(), blob));
            }
        }
        out
    }

    /// Takes up the series of an earlier run. A blob that cannot be read is passed over: its series begins anew.
    pub fn restore(&mut self, blobs: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let mut open = Vec::new();
        for (_, blob) in blobs {
            let Ok(mut series) = serde_json::from_slice::<Series>(&blob) else { continue };
            if self.index.len() >= self.options.max_series || self.index.contains_key(&series.key) {
                continue;
            }
            if series.resume() {
                open.push((series.key.source, self.series.len() as u32));
            }
            if let Some(clock) = series.clock()
                && self.clocks.len() < self.options.max_sources
            {
                self.clocks.insert(series.key.source, clock);
            }
            self.index.insert(series.key, self.series.len() as u32);
            self.series.push(Some(series));
        }
        for (source, slot) in open {
            if let Some(clock) = self.clocks.get_mut(&source) {
                clock.open.push(slot);
            }
        }
    }
}
