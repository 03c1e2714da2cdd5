//! Processes of the test binary that do one thing only: what they cost, or what they may, is the process's.

use std::env;
use std::process::Command;

const JOB: &str = "BPF_SKEL_TEST_CHILD";

/// A job of a child: its name, and what it does with its arguments.
pub type Job = (&'static str, fn(&[String]));

/// This binary again, for one of the jobs that it gave to [`run_child`].
pub fn child(job: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().expect("/proc is mounted"));
    command.args(arguments).env(JOB, job);
    command
}

/// Does the job that this process was started for, if it is a child: then it does not return.
pub fn run_child(jobs: &[Job]) {
    let Ok(wanted) = env::var(JOB) else { return };
    let (_, job) = jobs.iter().find(|(name, _)| *name == wanted).expect("a job of this binary");
    job(&env::args().skip(1).collect::<Vec<_>>());
    std::process::exit(0);
}
