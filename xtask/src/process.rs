//! Child processes that are never left behind.
//!
//! Each child gets a process group of its own. When xtask is interrupted or terminated, or a child
//! ends and leaves others running, the whole group is stopped by its id. On Linux xtask also
//! adopts orphaned grandchildren, so that none of them stays as a zombie.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a group may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
static FILES_TO_REMOVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on SIGINT, SIGTERM and SIGHUP stop every child before xtask itself ends.
pub(crate) fn stop_children_on_signals() -> Result<()> {
    adopt_orphans();
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            STOPPING.store(true, Ordering::SeqCst);
            stop_everything();
            // The convention of shells: 128 and the signal's number.
            exit(128 + signal);
        }
    });
    Ok(())
}

#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // Without it the groups are stopped all the same; only the reaping is left to the init process.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}

fn stop_everything() {
    let groups: Vec<i32> = lock(&GROUPS).iter().copied().collect();
    for group in &groups {
        let _ = killpg(Pid::from_raw(*group), Signal::SIGTERM);
    }
    for group in groups {
        await_end_of_group(group, Reap::AllChildren);
    }
    for file in lock(&FILES_TO_REMOVE).drain(..) {
        let _ = std::fs::remove_file(file);
    }
}

/// Blocks for good when a signal is being handled, so that the failure of a child that was
/// stopped on purpose is not reported as an error.
pub(crate) fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// A file that must not outlive this run, however it ends by a signal.
pub(crate) fn remove_when_stopped(file: PathBuf) {
    lock(&FILES_TO_REMOVE).push(file);
}

/// Which ended children may be collected while waiting for a group.
#[derive(Clone, Copy)]
enum Reap {
    /// xtask is about to end: nobody else waits for a child any more.
    AllChildren,
    /// Others may still wait for theirs.
    GroupOnly,
}

/// Waits until no process of the group is left; kills it when that takes too long.
fn await_end_of_group(group: i32, reap: Reap) {
    let deadline = Instant::now() + PATIENCE;
    let mut killed = false;
    loop {
        collect_ended(group, reap);
        if killpg(Pid::from_raw(group), None).is_err() {
            return;
        }
        if Instant::now() > deadline {
            if killed {
                return;
            }
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            killed = true;
            thread::sleep(POLL_INTERVAL * 10);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn collect_ended(group: i32, reap: Reap) {
    let which = match reap {
        Reap::AllChildren => Pid::from_raw(-1),
        Reap::GroupOnly => Pid::from_raw(-group),
    };
    while let Ok(status) = waitpid(which, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            return;
        }
    }
}

/// Whether a process with this id exists.
pub(crate) fn is_alive(process_id: i32) -> bool {
    process_id > 0 && kill(Pid::from_raw(process_id), None).is_ok()
}

/// Whether any process of this group exists.
pub(crate) fn group_is_alive(group: i32) -> bool {
    group > 1 && killpg(Pid::from_raw(group), None).is_ok()
}

/// A child and its process group. Dropping it stops what is left of the group.
pub(crate) struct Running {
    child: Child,
    group: i32,
}

impl Running {
    /// Starts a command in a process group of its own, without a standard input.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        // Held across the start: a signal must not find a child that is not listed yet.
        let mut groups = lock(&GROUPS);
        let child =
            command.stdin(Stdio::null()).process_group(0).spawn().with_context(|| {
                format!("cannot start {name}; is it installed and on the PATH?")
            })?;
        let group = i32::try_from(child.id()).context("the process id is out of range")?;
        groups.insert(group);
        Ok(Self { child, group })
    }

    /// The id of the process group.
    pub(crate) fn group(&self) -> i32 {
        self.group
    }

    /// Waits for the end of the child.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait();
        wait_if_stopping();
        status.context("cannot wait for a child process")
    }

    /// The exit status, if the child has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait();
        wait_if_stopping();
        status.context("cannot look at a child process")
    }

    fn captured(mut self) -> Result<Output> {
        use std::io::Read as _;
        let mut stdout = Vec::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_end(&mut stdout).context("cannot read a child's output")?;
        }
        let status = self.wait()?;
        Ok(Output { status, stdout, stderr: Vec::new() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if killpg(Pid::from_raw(self.group), Signal::SIGTERM).is_ok() {
            await_end_of_group(self.group, Reap::GroupOnly);
        }
        lock(&GROUPS).remove(&self.group);
    }
}

/// Runs a command to its end, its output shown as it comes; a status other than 0 is a failure.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let status = Running::start(command)?.wait()?;
    if !status.success() {
        bail!("`{line}` failed with {status}; its own messages are above");
    }
    Ok(())
}

/// Runs a command to its end and gives what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    Running::start(command.stdout(Stdio::piped()))?.captured()
}

/// The first line that a quick question such as `--version` answers; `None` when it fails.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
