//! What the kernel says of a process: its processor time and its memory.

use std::fs;
use std::time::Duration;

use crate::Outcome;

/// In what `/proc/<pid>/stat` counts times: `USER_HZ`, which is 100 on every Linux.
const TICKS_PER_SECOND: u32 = 100;

/// A running process.
#[derive(Clone, Copy)]
pub struct Process {
    /// Its number.
    pub id: u32,
}

impl Process {
    /// The processor time of all its threads so far, in user mode and in the kernel.
    pub fn processor_time(self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // After the program's name, which stands in parentheses and may hold anything: utime and stime are the
        // twelfth and thirteenth field (proc(5)).
        let (_, fields) = stat.rsplit_once(')').ok_or("a process has a name")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<_, _>>()?;
        Ok(Duration::from_secs(ticks) / TICKS_PER_SECOND)
    }

    /// The memory it has now, in bytes.
    pub fn resident_bytes(self) -> Outcome<u64> {
        self.status("VmRSS:")
    }

    /// The most memory it had since its start, or since [`Process::forget_peak`].
    pub fn peak_bytes(self) -> Outcome<u64> {
        self.status("VmHWM:")
    }

    /// Lets the peak begin anew at what the process has now.
    pub fn forget_peak(self) -> Outcome<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.id), "5")?)
    }

    fn status(self, name: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .ok_or("the process has no memory any more")?;
        let kibibytes: u64 = value.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024)
    }
}
