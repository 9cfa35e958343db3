//! What a process can still do after it has confined itself: almost nothing. The test runs itself again as the process to be confined,
//! because confinement cannot be taken back.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;

const PROBE: &str = "QUITTANCE_CONFINEMENT_PROBE";

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable tells the second run of this test that it is the one to be confined")]
fn a_confined_process_has_no_network_no_files_and_no_room() {
    if let Some(folder) = std::env::var_os(PROBE) {
        return probe(std::path::Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    std::fs::write(folder.path().join("port"), listener.local_addr().unwrap().to_string()).unwrap();
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_confined_process_has_no_network_no_files_and_no_room", "--nocapture", "--test-threads=1"])
        .env(PROBE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("PROBED"), "{said}");
}

fn probe(folder: &std::path::Path) {
    let address = std::fs::read_to_string(folder.join("port")).unwrap();
    let notices = quittance_tools::evidence::confine(folder, &[]);
    // Kernels before 5.13 have no Landlock, and then it is said; the rest must be in force everywhere.
    let has_landlock = notices.is_empty();
    assert!(notices.iter().all(|n| n.contains("Landlock")), "{notices:?}");
    let denied = |what: &str, error: Option<std::io::Error>| {
        let kind = error.map(|e| e.kind());
        assert_eq!(kind, Some(std::io::ErrorKind::PermissionDenied), "{what}");
    };
    denied("tcp", TcpStream::connect(address).err());
    denied("udp", UdpSocket::bind("127.0.0.1:0").err());
    denied("unix socket pair", UnixStream::pair().err());
    if has_landlock {
        denied("reading accounts", std::fs::read("/etc/passwd").err());
        denied("reading settings", std::fs::read("/proc/self/environ").err());
        denied("listing the root", std::fs::read_dir("/root").err());
        denied("writing elsewhere", std::fs::write("/tmp/quittance-probe-escape", b"x").err());
        denied("running what it wrote", {
            let program = folder.join("program");
            std::fs::copy("/bin/true", &program).unwrap();
            Command::new(&program).status().err()
        });
    }
    std::fs::write(folder.join("kept"), b"its own folder stays writable").unwrap();
    let too_much = usize::try_from(quittance_tools::evidence::MIB * 512).unwrap();
    assert!(Vec::<u8>::new().try_reserve_exact(too_much).is_err(), "the address space has a limit");
    println!("PROBED");
}
