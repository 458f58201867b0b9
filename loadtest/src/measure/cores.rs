//! Who runs where: the server on one core and the load client on another, so that neither takes the other's time.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A core for the server and one for the load client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    /// Every process of the server's side.
    pub server: usize,
    /// The load client.
    pub client: usize,
}

impl Cores {
    /// The first two that this process may use; none where there is only one.
    pub fn two() -> Option<Self> {
        let allowed = sched_getaffinity(None).ok()?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        Some(Self { server: cores.next()?, client: cores.next()? })
    }

    /// This thread, and every process that it starts from now on, to the server's core.
    pub fn server_here(self) {
        pin(self.server);
    }

    /// This thread to the load client's core.
    pub fn client_here(self) {
        pin(self.client);
    }

    /// This thread to both.
    pub fn both_here(self) {
        let mut set = CpuSet::new();
        set.set(self.server);
        set.set(self.client);
        let _ = sched_setaffinity(None, &set);
    }
}

fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    let _ = sched_setaffinity(None, &set);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_started_for_the_server_has_its_core_alone() {
        let Some(cores) = Cores::two() else {
            println!("skipped: one core");
            return;
        };
        let allowed = || {
            let status = std::process::Command::new("cat").arg("/proc/self/status").output().unwrap().stdout;
            let status = String::from_utf8(status).unwrap();
            let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
            list.trim().to_owned()
        };
        cores.server_here();
        assert_eq!(allowed(), cores.server.to_string());
        cores.client_here();
        assert_eq!(allowed(), cores.client.to_string());
        cores.both_here();
        assert!(allowed().contains(&cores.server.to_string()) && allowed().contains(&cores.client.to_string()));
    }
}
