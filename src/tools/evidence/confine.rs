//! The child side of the sandbox: what the reading process gives up before it looks at the first byte.
//!
//! Three layers, each useful alone: resource limits (always there), Landlock (files; Linux 5.13 and later) and seccomp (system calls).
//! A layer that the running kernel lacks is reported as a notice and the rest still holds.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::limits;

/// What may be read: programs, libraries, fonts, OCR data. No home, no settings, no secrets, no database, no `/proc`.
const READABLE: [&str; 14] = [
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/alternatives",
    "/var/cache/fontconfig",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/sys/devices/system/cpu",
    "/opt/tessdata",
];

/// Gives up everything the reading of a file does not need, for this process and all it starts; it cannot be taken back.
///
/// `workspace` is the only folder that stays writable. Call it before any thread is started: Landlock and seccomp hold for the calling
/// thread and its descendants. Returns what could not be had, one sentence each.
pub fn confine(workspace: &Path, readable: &[&Path]) -> Vec<String> {
    let mut notices = Vec::new();
    let mut note = |what: &str, result: Result<(), String>| {
        if let Err(error) = result {
            notices.push(format!("{what} is not in force while files are read: {error}"));
        }
    };
    note("the limit on resources", limit_resources());
    // A reading process must not outlive the program that asked for it.
    let orphan = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string());
    note("death with the parent", orphan);
    let dump = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| e.to_string());
    note("protection from inspection", dump);
    note("the limit on files (Landlock)", limit_files(workspace, readable));
    note("the limit on system calls (seccomp)", limit_calls());
    notices
}

fn limit_resources() -> Result<(), String> {
    let bounds = [
        (Resource::As, limits::CHILD_ADDRESS_SPACE),
        (Resource::Cpu, limits::CPU_SECONDS),
        (Resource::Fsize, limits::WRITTEN_FILE_BYTES),
        (Resource::Nofile, limits::OPEN_FILES),
        (Resource::Core, 0),
    ];
    for (resource, most) in bounds {
        set(None, resource, most)?;
    }
    Ok(())
}

/// Lowers one limit, never raising what the caller already set lower.
fn set(pid: Option<rustix::process::Pid>, resource: Resource, most: u64) -> Result<(), String> {
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |held| held.min(most));
    let bound = Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::prlimit(pid, resource, bound).map(|_| ()).map_err(|e| format!("{resource:?}: {e}"))
}

/// The tighter limit of memory for a helper program that was just started.
pub fn limit_helper(pid: u32) -> Result<(), String> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).ok_or("no such process")?;
    set(Some(pid), Resource::As, limits::HELPER_ADDRESS_SPACE)
}

fn limit_files(workspace: &Path, readable: &[&Path]) -> Result<(), String> {
    let abi = ABI::V6;
    let present: Vec<&Path> = READABLE.iter().map(Path::new).chain(readable.iter().copied()).filter(|p| p.exists()).collect();
    let restrict = || -> Result<RulesetStatus, landlock::RulesetError> {
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(present, AccessFs::from_read(abi)))?
            .add_rules(path_beneath_rules([Path::new("/dev/null")], AccessFs::WriteFile | AccessFs::ReadFile))?
            .add_rules(path_beneath_rules([workspace], AccessFs::from_all(abi) & !AccessFs::Execute))?
            .restrict_self()?;
        Ok(status.ruleset)
    };
    match restrict() {
        // An older kernel keeps the file rules and lacks the newer ones (network, scopes), which seccomp covers as well.
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
        Ok(RulesetStatus::NotEnforced) => Err("this kernel has no Landlock (Linux 5.13 and later has)".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Calls that reading a document never needs and that reach outside: network, other processes, kernel features with a history of
/// holes. A list of what is denied, not of what is allowed: OCR and PDF libraries change their calls with every version of libc.
const DENIED: [i64; 52] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_setsockopt,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_quotactl,
    libc::SYS_personality,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_mknodat,
];

fn limit_calls() -> Result<(), String> {
    let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(|e| format!("{e}"))?;
    let new_user_namespace = SeccompRule::new(vec![
        SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(libc::CLONE_NEWUSER as u64),
            libc::CLONE_NEWUSER as u64,
        )
        .map_err(|e| e.to_string())?,
    ])
    .map_err(|e| e.to_string())?;
    let mut denied: Vec<(i64, Vec<SeccompRule>)> = DENIED.iter().map(|call| (*call, vec![])).collect();
    denied.push((libc::SYS_clone, vec![new_user_namespace]));
    install(denied, libc::EPERM, arch)?;
    // clone3 hides its flags in memory, where a filter cannot look: saying it does not exist makes libc fall back to clone.
    install(vec![(libc::SYS_clone3, vec![])], libc::ENOSYS, arch)
}

fn install(calls: Vec<(i64, Vec<SeccompRule>)>, errno: i32, arch: TargetArch) -> Result<(), String> {
    let filter =
        SeccompFilter::new(calls.into_iter().collect(), SeccompAction::Allow, SeccompAction::Errno(errno.unsigned_abs()), arch)
            .map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map_err(|e| e.to_string())
}
