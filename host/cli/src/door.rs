//! Letting `firstseen state` in where a state is in use.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use firstseen::ledger::Upkeep;
use firstseen_state_file::{SOCKET, StateFile};
use firstseen_upkeep_socket::UpkeepServer;

/// What is answered while a state is not open.
const OFF: &str = "detection is off in the process that uses this state, and the state is not open; its log says why";

/// A socket in the directory of a state, while the state is there. It keeps nothing
/// open: who has the state opens the door, and may lose it.
#[derive(Default)]
pub(crate) struct Door {
    state: Arc<Mutex<Weak<StateFile>>>,
    server: Mutex<Option<UpkeepServer>>,
    is_closed: AtomicBool,
}

impl Door {
    /// Lets others look after a state, in the place of any before.
    ///
    /// # Errors
    ///
    /// Why nobody can come in, fit to be shown. What the state is for goes on without.
    pub(crate) fn open(&self, directory: PathBuf, state: &Arc<StateFile>) -> Result<(), String> {
        *lock(&self.state) = Arc::downgrade(state);
        let mut server = lock(&self.server);
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        if server.as_ref().is_some_and(UpkeepServer::is_in_place) {
            return Ok(());
        }
        // Before another has the name.
        drop(server.take());
        let state = Arc::clone(&self.state);
        let open = move || match lock(&state).upgrade() {
            Some(state) => Ok(state as Arc<dyn Upkeep>),
            None => Err(OFF.to_owned()),
        };
        let started = UpkeepServer::start(&directory.join(SOCKET), open);
        let started = started.map_err(|error| format!("`firstseen state` cannot be used meanwhile: {error}"))?;
        *server = Some(started);
        Ok(())
    }

    /// Lets nobody in any more, for good. It waits for what the state is doing for them.
    pub(crate) fn close(&self) {
        let mut server = lock(&self.server);
        self.is_closed.store(true, Ordering::Relaxed);
        drop(server.take());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use firstseen_upkeep_socket::UpkeepClient;

    use super::*;

    #[test]
    fn it_leads_to_the_state_that_is_open_now() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("state");
        let open = || Arc::new(StateFile::open(&directory).unwrap());
        let ask = || UpkeepClient::find(&directory.join(SOCKET)).unwrap().unwrap().size();
        let door = Door::default();
        let state = open();
        door.open(directory.clone(), &state).unwrap();
        assert!(ask().is_ok());
        // The state fails, and whoever uses it lets go of it.
        drop(state);
        assert_eq!(ask().unwrap_err().to_string(), OFF);
        let state = open();
        door.open(directory.clone(), &state).unwrap();
        assert!(ask().is_ok());
        // Another process had the state meanwhile.
        std::fs::remove_file(directory.join(SOCKET)).unwrap();
        door.open(directory.clone(), &state).unwrap();
        assert!(ask().is_ok());
        door.close();
        assert!(!directory.join(SOCKET).exists());
    }
}
