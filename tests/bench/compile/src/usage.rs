use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::Instant;

use generate::Result;

/// What a process took, with all that it waited for.
#[derive(Clone, Copy)]
pub struct Usage {
    /// Seconds.
    pub wall: f64,
    /// Seconds, of the user and of the system.
    pub cpu: f64,
    /// The resident memory of its largest process, in MiB.
    pub peak: f64,
}

impl Usage {
    pub fn of(command: &mut Command) -> Result<Self> {
        let start = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let pid = libc::pid_t::try_from(child.id())?;
        let stderr = child.stderr.map(io::read_to_string).transpose()?.unwrap_or_default();
        let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
        // SAFETY: the process is a child that nobody else waits for; both places are written to.
        let waited = unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) };
        let wall = start.elapsed().as_secs_f64();
        if waited != pid {
            return Err(io::Error::last_os_error().into());
        }
        if status != 0 {
            return Err(format!("{command:?}: status {status:#x}: {stderr}").into());
        }
        // SAFETY: all bytes zero are a value of it, and wait4 has written over them.
        let usage = unsafe { usage.assume_init() };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Ok(Self {
            wall,
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            peak: usage.ru_maxrss as f64 / 1024.0,
        })
    }

    /// The median of each.
    pub fn medians(all: Vec<Self>) -> Self {
        let median = |of: fn(&Self) -> f64| {
            let mut values: Vec<f64> = all.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Self { wall: median(|it| it.wall), cpu: median(|it| it.cpu), peak: median(|it| it.peak) }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} | {:.0} | {:.0}", self.wall * 1e3, self.cpu * 1e3, self.peak)
    }
}
