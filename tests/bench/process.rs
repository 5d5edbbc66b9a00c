//! Processor time and memory of a process, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::outcome::Outcome;

/// Ticks per second in `/proc/<pid>/stat`: `USER_HZ`, which is 100 on every Linux.
const TICKS_PER_SECOND: u32 = 100;

#[derive(Clone, Copy)]
pub struct Process {
    pub id: u32,
}

impl Process {
    /// Returns the processor time of all its threads, in user mode and in the kernel.
    pub fn processor_time(self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // After the program's name, which stands in parentheses and may contain any character, utime and stime are the
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

    /// Returns the resident memory in bytes.
    pub fn resident_bytes(self) -> Outcome<u64> {
        self.status("VmRSS:")
    }

    /// Returns the peak of the resident memory since the start, or since [`Process::forget_peak`], in bytes.
    pub fn peak_bytes(self) -> Outcome<u64> {
        self.status("VmHWM:")
    }

    /// Resets the peak to the present size.
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
