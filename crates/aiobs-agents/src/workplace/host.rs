//! The state of the machine, through `sysinfo`. Keeps the last look, so that the next one can say what processes took since.

use crate::{DiskState, HostState, ProcessState};
use aiobs_types::Timestamp;
use sysinfo::{DiskRefreshKind, Disks, MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System};

/// Processes that are told.
const PROCESSES: usize = 8;
/// File systems that are told.
const DISKS: usize = 8;
/// Smaller ones are of no interest, bytes.
const SMALL: u64 = 64 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// Made at the first look.
    system: Option<System>,
}

impl Host {
    /// Looks now; `None` on systems that are not known.
    pub(super) fn look(&mut self) -> Option<HostState> {
        if self.system.is_none() {
            self.system = System::new().ok();
        }
        let system = self.system.as_mut()?;
        system.refresh_memory_specifics(MemoryRefreshKind::everything());
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let load = System::load_average().map(|l| [l.one, l.five, l.fifteen]);
        Some(HostState {
            at: Timestamp::now(),
            name: System::host_name().unwrap_or_default(),
            load: load.unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_total: system.total_memory(),
            memory_available: system.available_memory(),
            swap_total: system.total_swap(),
            swap_used: system.used_swap(),
            uptime: System::uptime().unwrap_or_default(),
            disks: disks(),
            processes: processes(system),
        })
    }
}

fn processes(system: &System) -> Vec<ProcessState> {
    let mut all: Vec<ProcessState> = system
        .processes()
        .values()
        .filter(|p| p.thread_kind().is_none())
        .map(|p| ProcessState {
            pid: p.pid().as_u32(),
            name: p.name().to_string_lossy().into_owned(),
            memory: p.memory(),
            cpu: p.cpu_usage(),
        })
        .collect();
    all.sort_by(|a, b| b.memory.cmp(&a.memory).then(a.pid.cmp(&b.pid)));
    all.truncate(PROCESSES);
    all
}

fn disks() -> Vec<DiskState> {
    let what = DiskRefreshKind::nothing().with_storage();
    let Ok(disks) = Disks::new_with_refreshed_list_specifics(what) else { return Vec::new() };
    let mut all: Vec<DiskState> = disks
        .iter()
        .filter(|d| d.total_space() >= SMALL)
        .map(|d| DiskState {
            mount: d.mount_point().to_string_lossy().into_owned(),
            total: d.total_space(),
            free: d.available_space(),
        })
        .collect();
    let used = |d: &DiskState| 1.0 - d.free as f64 / d.total.max(1) as f64;
    all.sort_by(|a, b| used(b).total_cmp(&used(a)).then(a.mount.cmp(&b.mount)));
    all.dedup_by(|a, b| a.mount == b.mount);
    all.truncate(DISKS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_processes() {
        let mut host = Host::default();
        let Some(state) = host.look() else { return };
        assert!(state.memory_total > state.memory_available && state.memory_available > 0, "{state:?}");
        assert!(state.cores > 0 && !state.processes.is_empty() && state.processes.len() <= PROCESSES);
        assert!(state.processes.windows(2).all(|w| w[0].memory >= w[1].memory));
    }
}
