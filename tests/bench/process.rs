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
        // utime and stime.
        ticks(&self.fields()?[11..13])
    }

    /// Returns the processor time of this process and of its children, those that have ended among them.
    pub fn processor_time_with_children(self) -> Outcome<Duration> {
        // utime, stime, cutime and cstime.
        let mut sum = ticks(&self.fields()?[11..15])?;
        for entry in fs::read_dir("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // One that has ended meanwhile is left out.
            let Ok(fields) = (Self { id }).fields() else {
                continue;
            };
            if fields[1] == self.id.to_string() {
                sum += ticks(&fields[11..13])?;
            }
        }
        Ok(sum)
    }

    /// Returns the fields of `/proc/<pid>/stat` after the program's name, which stands in parentheses and may contain any
    /// character: the state, the parent, … (proc(5)).
    fn fields(self) -> Outcome<Vec<String>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("a process has a name")?;
        Ok(fields.split_whitespace().map(str::to_owned).collect())
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

fn ticks(fields: &[String]) -> Outcome<Duration> {
    let ticks = fields.iter().map(|field| field.parse::<u64>());
    Ok(Duration::from_secs(ticks.sum::<Result<_, _>>()?) / TICKS_PER_SECOND)
}
