//! Which org an isolate found behind a key, a page or a token: a hint, so that what the org knows can be searched beside
//! the admission that finds it again. It grants nothing; what was searched for another org than the admission's is
//! thrown away.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::admission::SiteClaim;
use crate::ids::OrgId;

/// What is remembered; beyond it all is forgotten and learned anew.
const MOST: usize = 2_000;

/// Orgs by what names their sites.
#[derive(Debug, Default)]
pub struct KnownSites(Mutex<HashMap<SiteClaim, OrgId>>);

impl KnownSites {
    fn orgs(&self) -> MutexGuard<'_, HashMap<SiteClaim, OrgId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The org that was found the last time.
    pub(super) fn org_of(&self, claim: &SiteClaim) -> Option<OrgId> {
        self.orgs().get(claim).cloned()
    }

    /// Notes what an admission found.
    pub(super) fn note(&self, claim: &SiteClaim, org: &OrgId) {
        let mut orgs = self.orgs();
        if orgs.get(claim) == Some(org) {
            return;
        }
        if orgs.len() >= MOST {
            orgs.clear();
        }
        orgs.insert(claim.clone(), org.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_org_is_known_and_memory_is_bounded() {
        let known = KnownSites::default();
        let key = |at: usize| SiteClaim::Key(format!("sk_{at}"));
        let org = |name: &str| OrgId::from(name.to_owned());
        known.note(&key(0), &org("a"));
        known.note(&key(0), &org("b"));
        assert_eq!(known.org_of(&key(0)), Some(org("b")));
        assert_eq!(known.org_of(&key(1)), None);
        for at in 1..=MOST {
            known.note(&key(at), &org("a"));
        }
        assert!(known.orgs().len() <= MOST);
        assert_eq!(known.org_of(&key(MOST)), Some(org("a")));
    }
}
