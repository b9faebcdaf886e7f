//! What owners are told of how their org stands with its subscriptions: a payment failed, the days of grace are over, the
//! last subscription ended, all is well again, a trial ends. Owns `notices`, `notice_deliveries` and `notice_settings`.
//!
//! A change of `orgs.billing_standing` is told by a trigger, in the transaction that makes it, whoever makes it: once,
//! whatever the order and number of Stripe's events. The end of a trial is told by the batch of the event that says so.
//! A notice is for all members in the portal, and is sent to each active owner by e-mail, and to the org's number as a
//! text message: a second trigger leaves a row for each in `notice_deliveries`, which the job `notices_send` works off.

pub mod routes;
pub mod sending;
mod store;
mod text;

pub use self::store::trial_ending;

use crate::choice;

choice! {
    /// What it says.
    pub enum NoticeKind {
        /// A payment failed, and there is time to mend it.
        PastDue = "billing.past_due",
        /// That time is over.
        ReadOnly = "billing.read_only",
        /// No subscription is paid any more: all have ended, are unpaid or paused.
        Ended = "billing.ended",
        /// All is well again.
        Recovered = "billing.recovered",
        /// A trial ends.
        TrialEnding = "billing.trial_ending",
    }
}

choice! {
    /// How a notice is sent.
    pub(crate) enum Channel {
        /// To an owner's address.
        Email = "email",
        /// To the org's number.
        Sms = "sms",
    }
}
