//! Classes of words that mean much the same to whoever reads logs, so that a statement with a word never met before is
//! judged by what the word means. Features are made of them. Knows nothing of models.

use super::words::stem;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The class of each stem that has one.
static CLASS_OF: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let words = CLASSES.iter().flat_map(|(class, words)| words.split_whitespace().map(move |w| (stem(w), *class)));
    words.collect()
});

/// The class of a stem, if it has one.
pub(super) fn class_of(stem: &str) -> Option<&'static str> {
    CLASS_OF.get(stem).copied()
}

/// Whether a class speaks of trouble.
pub(super) fn is_bad(class: &str) -> bool {
    matches!(class, "fault" | "death" | "gone" | "strain" | "damage" | "removal")
}

/// Whether a class speaks of what should be.
pub(super) fn is_good(class: &str) -> bool {
    matches!(class, "healed" | "course")
}

/// Words that say that what follows is not so: `no`, `not`, `cannot`, `didn't`.
pub(super) fn denies(stem: &str) -> bool {
    const OTHERS: &[&str] = &[
        "no", "not", "non", "none", "never", "without", "zero", "neither", "nor", "nothing", "nobody", "cannot",
        "cant", "wont", "didnt", "doesnt", "isnt", "couldnt", "wasnt", "arent", "dont", "havent", "hasnt", "unabl",
    ];
    OTHERS.contains(&stem)
}

/// The name of each class and its words, as people write them.
const CLASSES: &[(&str, &str)] = &[
    (
        "fault",
        "error failure fault exception violation mismatch invalid illegal bad broken severe critical alert emergency \
         trouble unable cannot failed err defect malfunction inconsistent unexpected catastrophic faulty wrong incorrect \
         impossible improper malformed unknown unsupported problem nak nack incident anomaly abnormal abnormally \
         misbehaving bogus insane erroneous hardfail predictive",
    ),
    (
        "death",
        "panic crash abort killed died dead terminated halted segfault oops bug lockup deadlock hang hung stall fatal \
         unrecoverable uncorrectable uncorrected oom dump die kill unresponsive frozen wedged livelock stuck zombie \
         dying hangcheck irrecoverable nonrecoverable watchdogged meltdown sigkill sigsegv sigabrt sigbus",
    ),
    (
        "gone",
        "refused reset lost unreachable timeout timed severed disconnected closed dropped unavailable offline missing \
         denied rejected expired exhausted full down lose loses losing loss disappeared vanished absent unplugged \
         unanswered silent nowhere inaccessible unreadable unwritable gone fell overdue expiring stale denies reject \
         unregistered mute unseen outage blackout brownout dropout lapsed",
    ),
    (
        "strain",
        "overflow overrun underrun overload overheat overheated overheating overcurrent overvoltage undervoltage \
         overtemp exceed exceeded exceeding excessive excess saturated congested congestion starved starvation starving \
         throttled throttling depleted insufficient overcommitted overloaded backlog backlogged congest flood flooding \
         storm flapping flap unstable instability degraded degradation degrading degrade slow sluggish thrashing \
         underflow outgrown hot brimming overdrawn overfull nonredundant overlimit shortage scarce",
    ),
    (
        "damage",
        "corrupt corrupted corruption damaged damage garbled truncated inconsistency torn unreadable bitrot worn wearout \
         leak leaking leaked smoke burnt blown cracked tripped shorted shorting mangled scrambled garbage defective \
         poisoned unclean dirty unmountable misaligned rotten flaky tampered",
    ),
    (
        "removal",
        "evict evicted evicting eject ejected fence fenced fencing quarantine quarantined isolate isolated draining \
         discarded discarding discard banned kicked revoked suspended blacklisted excluded deactivated withdrawn \
         decommissioned demoted shutdown powerdown giveup abandon abandoning abandoned skipping sacrificed unmounting \
         deconfigured degating",
    ),
    (
        "healed",
        "corrected correctable recovered restored succeeded successfully success ok healthy resolved cleared passed \
         reconnected repaired retrying fixed normal completed deasserted healed recovers recovery clean good optimal \
         okay alive tolerated tolerance harmless fine revived reachable redundant nominal stable rejoined replaced rebuilt \
         resynced",
    ),
    (
        "course",
        "started starting stopping stopped initialized loaded listening connected accepted opened received sent served \
         finished done registered scheduled enabled disabled created updated deleted processed allocated running ready \
         joined synchronized initializing loading registering configured configuring detected found attached added adding \
         using mounted activated active established discovered probing probed assigned selected installed checked \
         checking scanning removed cleaned reading read writing switched rotated queued submitted launched entering \
         leaving setting set bound renewed resumed reloaded reloading supports supported version revision available \
         applied imported exported saved announced elapsed polled binding",
    ),
    (
        "machine",
        "cpu processor memory dimm cache tlb parity ecc ddr bus pci disk scsi sata nvme nic link torus fan temperature \
         voltage power interrupt register kernel node board chip sensor dma firmware bios rail instruction storage psu \
         supply pcie edac mce ipmi bmc chassis blade enclosure drive spindle controller hba adapter phy lane port switch \
         transceiver optic sfp cable battery bbu capacitor blower pump coolant gpu accelerator core socket rack slot \
         midplane backplane expander spare lun sas sector",
    ),
    (
        "files",
        "mount filesystem nfs lustre gpfs ext xfs raid volume inode journal block btrfs zfs array stripe mirror pool \
         snapshot partition superblock quota directory metadata brick ost mdt mdraid lvm",
    ),
    (
        "user",
        "program image executable exec script chdir shell command login home user job argument usage syntax option \
         application",
    ),
    (
        "remedy",
        "please must replace investigate manually immediately contact intervention reseat urgent beware consider run \
         needs required requires attention administrator technician service warning alarm caution danger",
    ),
    (
        "hardly",
        "debug verbose statistics stats summary counter counters capability capabilities feature features support policy \
         mode default defaults parameter parameters test tests drill maintenance planned simulation demo threshold limit \
         option expected intentional purpose routine periodic",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_class_whatever_its_ending() {
        assert_eq!(class_of(&stem("overflowed")), Some("strain"));
        assert_eq!(class_of(&stem("evicting")), Some("removal"));
        assert_eq!(class_of(&stem("teapot")), None);
        assert!(denies(&stem("didn't")) && denies(&stem("unable")) && !denies(&stem("node")));
    }
}
