//! The machine, the versions, and the load that other programs caused.

use std::fmt;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::bed::Bed;
use crate::outcome::Outcome;

pub struct Machine {
    processor: String,
    cores: usize,
    memory_bytes: u64,
    versions: String,
}

impl Machine {
    pub fn look(bed: &Bed) -> Outcome<Self> {
        let chromedriver = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let versions = [
            format!("Decant {}", env!("CARGO_PKG_VERSION")),
            format!("PostgreSQL {}", bed.postgres_version()),
            format!("rustc {}", version("rustc")?),
            format!("Node {}", version("node")?),
            format!("Chromium {}", version(&chromedriver)?),
        ];
        let memory = field("/proc/meminfo", "MemTotal")?;
        let kibibytes: u64 = memory.trim_end_matches(" kB").parse()?;
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name")?,
            cores: std::thread::available_parallelism()?.get(),
            memory_bytes: kibibytes * 1024,
            versions: versions.join(", "),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory_bytes as f64 / f64::from(1 << 30);
        writeln!(
            f,
            "- Machine: {}, {} cores, {memory:.0} GiB of memory",
            self.processor, self.cores
        )?;
        writeln!(f, "- Versions: {}", self.versions)
    }
}

/// Measures the machine's load (0 to 1) while this program sleeps.
pub fn busy_share(time: Duration) -> Outcome<f64> {
    let (idle_before, all_before) = processor_times()?;
    std::thread::sleep(time);
    let (idle, all) = processor_times()?;
    Ok(1.0 - (idle - idle_before) as f64 / (all - all_before).max(1) as f64)
}

/// Returns the idle and the total time of all processors since the boot, from the first line of `/proc/stat`. The
/// fourth and fifth number are idle and iowait. The last two (guest) are part of the first two (proc(5)).
fn processor_times() -> Outcome<(u64, u64)> {
    let numbers = field("/proc/stat", "cpu ")?;
    let numbers: Vec<u64> = numbers
        .split_whitespace()
        .take(8)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok((numbers.iter().skip(3).take(2).sum(), numbers.iter().sum()))
}

/// Returns the value of the first line with this name.
fn field(file: &str, name: &str) -> Outcome<String> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.ok_or_else(|| format!("{file} has no `{name}`"))?;
    Ok(value.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

/// Returns the first word with a digit in the output of `--version`.
fn version(program: &str) -> Outcome<String> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let word = said
        .split_whitespace()
        .find(|word| word.contains(|letter: char| letter.is_ascii_digit()));
    Ok(word.unwrap_or("of an unknown version").to_owned())
}
