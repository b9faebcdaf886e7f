//! What time does: trials end, subscriptions renew, drafts are finalized, what was refused is tried again, sessions
//! expire.

use serde_json::Value;

use crate::calendar::next_end;
use crate::object::{Read as _, Write as _};
use crate::resources::invoice_lines::{self, Period};
use crate::resources::invoices::{self, Draft};
use crate::resources::{
    checkout, invoice_payment, payment_methods, subscription_status, subscriptions,
};
use crate::stripe::Stripe;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// A first invoice must be paid within 23 hours (Stripe docs, "Subscription statuses").
const INCOMPLETE_FOR: i64 = 23 * HOUR;
/// So long before a renewal the next invoice is announced; accounts choose it, seven days is usual.
const UPCOMING_BEFORE: i64 = 7 * DAY;

/// What comes due. Of what is due in the same second, the first one here comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    FinalizeInvoice,
    RetryInvoice,
    WarnOfTrialEnd,
    EndTrial,
    ResumeCollection,
    Cancel,
    AnnounceInvoice,
    Renew,
    GiveUp,
    ExpireSession,
}

impl Stripe {
    /// Lets time pass, and everything happen that comes due, each at its time.
    pub fn advance(&mut self, seconds: i64) {
        let target = self.now + seconds.max(0);
        while let Some((at, due, id)) = self.next_due().filter(|(at, _, _)| *at <= target) {
            self.now = self.now.max(at);
            self.come_due(due, &id);
        }
        self.now = target;
    }

    /// When something comes due next, if anything does.
    pub fn next_due_at(&self) -> Option<i64> {
        self.next_due().map(|(at, _, _)| at)
    }

    fn next_due(&self) -> Option<(i64, Due, String)> {
        let subscriptions = self.store.all("subscription").flat_map(subscription_dues);
        let invoices = self.store.all("invoice").filter_map(invoice_due);
        let sessions = self
            .store
            .all("checkout.session")
            .filter(|session| session.word("status") == "open")
            .map(|session| (session.amount("expires_at"), Due::ExpireSession, session.word("id")));
        let first =
            subscriptions.chain(invoices).chain(sessions).min_by_key(|(at, due, _)| (*at, *due));
        first.map(|(at, due, id)| (at, due, id.to_owned()))
    }

    fn come_due(&mut self, due: Due, id: &str) {
        match due {
            Due::FinalizeInvoice => invoice_payment::advance_draft(self, id),
            Due::RetryInvoice => {
                invoice_payment::attempt(self, id, None);
            }
            Due::WarnOfTrialEnd => subscriptions::warn_of_trial_end(self, id),
            Due::EndTrial => self.end_trial(id),
            Due::ResumeCollection => subscriptions::change(self, id, |subscription| {
                subscription.put("pause_collection", Value::Null);
            }),
            Due::Cancel => subscription_status::end(self, id, "cancellation_requested"),
            Due::AnnounceInvoice => self.announce_invoice(id),
            Due::Renew => self.renew(id),
            Due::GiveUp => subscription_status::give_up(self, id),
            Due::ExpireSession => checkout::close(self, id),
        }
    }

    /// The trial is over: a first period that costs begins, or the subscription rests or ends for want of a card.
    pub(crate) fn end_trial(&mut self, id: &str) {
        let subscription = self.read(id);
        if subscription.word("status") != "trialing" {
            return;
        }
        let customer = subscription.word("customer");
        let has_card = payment_methods::of_customer(self, customer, Some(&subscription)).is_some();
        let now = self.now;
        let without_card = subscription.word("trial_settings.end_behavior.missing_payment_method");
        match without_card {
            "pause" if !has_card => {
                self.alter(id, |subscription| subscription.put("trial_end", now));
                subscription_status::halt(self, id, "trial_end_without_payment_method");
            }
            "cancel" if !has_card => subscription_status::end(self, id, "cancellation_requested"),
            _ => {
                let before = self.alter(id, |subscription| {
                    subscription.put("status", "active");
                    subscription.put("trial_end", now);
                    subscription.put("billing_cycle_anchor", now);
                    subscription_status::restart(subscription, now);
                });
                self.bill_cycle(id, before, |_| true);
            }
        }
    }

    /// The items whose period is over begin the next one.
    fn renew(&mut self, id: &str) {
        let now = self.now;
        let is_over = |item: &Value| item.amount("current_period_end") <= now;
        let renewed: Vec<String> = self
            .read(id)
            .items("items.data")
            .iter()
            .filter(|item| is_over(item))
            .map(|item| item.word("id").to_owned())
            .collect();
        let before = self.alter(id, |subscription| {
            let anchor = subscription.amount("billing_cycle_anchor");
            for item in subscription.list_mut("items.data").iter_mut().filter(|item| is_over(item))
            {
                let start = item.amount("current_period_end");
                let recurring = item.at("price.recurring");
                let end = next_end(
                    anchor,
                    recurring.word("interval"),
                    recurring.amount("interval_count"),
                    start,
                );
                item.put("current_period_start", start);
                item.put("current_period_end", end);
            }
        });
        self.bill_cycle(id, before, |item| renewed.iter().any(|id| id == item.word("id")));
    }

    /// Makes the draft of a new period, and tells of the invoice and of the subscription as it was before.
    fn bill_cycle(&mut self, id: &str, before: Option<Value>, bills: impl Fn(&Value) -> bool) {
        let subscription = self.read(id);
        let mut lines = Vec::new();
        for item in subscription.items("items.data").iter().filter(|item| bills(item)) {
            let period = Period {
                start: item.amount("current_period_start"),
                end: item.amount("current_period_end"),
            };
            lines.push(invoice_lines::of_item(self, &subscription, item, period, false));
        }
        let rests = subscription.word("pause_collection.behavior") == "keep_as_draft"
            || subscription.word("status") == "unpaid";
        let previous_start = before
            .as_ref()
            .map_or(self.now, |before| before.amount("items.data.0.current_period_start"));
        let draft = Draft {
            customer: subscription.word("customer").to_owned(),
            subscription: Some(id.to_owned()),
            reason: "subscription_cycle",
            lines,
            period: Period { start: previous_start, end: self.now },
            auto_advance: !rests,
        };
        let invoice = invoices::draft(self, draft);
        self.alter(id, |subscription| subscription.put("latest_invoice", invoice));
        if let Some(before) = before {
            self.emit_change("customer.subscription.updated", before);
        }
    }

    fn announce_invoice(&mut self, id: &str) {
        let subscription = self.read(id);
        let end = subscriptions::period_end(&subscription);
        self.alter(id, |subscription| subscription.put("_announced", end));
        let invoice = invoices::upcoming(self, &subscription);
        self.record("invoice.upcoming", invoice, None);
    }

    /// A change of a subscription that waited for its payment came through.
    pub fn apply_pending_update(&mut self, subscription: &str) {
        self.emit("customer.subscription.pending_update_applied", subscription);
    }

    /// A change of a subscription that waited for its payment was not paid in time.
    pub fn expire_pending_update(&mut self, subscription: &str) {
        self.emit("customer.subscription.pending_update_expired", subscription);
    }

    /// Ends a checkout session as if its time were over; nothing where it is not open.
    pub fn expire_checkout(&mut self, session: &str) {
        if self.read(session).word("status") == "open" {
            checkout::close(self, session);
        }
    }
}

fn subscription_dues(subscription: &Value) -> Vec<(i64, Due, &str)> {
    let id = subscription.word("id");
    let status = subscription.word("status");
    let end = subscriptions::period_end(subscription);
    let mut dues = Vec::new();
    match status {
        "trialing" => {
            let trial_end = subscription.amount("trial_end");
            if !subscription.is("_is_warned") {
                dues.push((trial_end - subscriptions::WARNED_BEFORE, Due::WarnOfTrialEnd, id));
            }
            if !subscription.is("cancel_at_period_end") {
                dues.push((trial_end, Due::EndTrial, id));
            }
        }
        "active" | "past_due" | "unpaid" => {
            let is_announced = subscription.amount("_announced") >= end;
            if status == "active" && !is_announced && subscription.at("cancel_at").is_null() {
                dues.push((end - UPCOMING_BEFORE, Due::AnnounceInvoice, id));
            }
            if !subscription.is("cancel_at_period_end") {
                dues.push((end, Due::Renew, id));
            }
        }
        "incomplete" => {
            dues.push((subscription.amount("created") + INCOMPLETE_FOR, Due::GiveUp, id));
        }
        _ => {}
    }
    if let Some(at) =
        subscription.integer("cancel_at").filter(|_| !subscription_status::is_over(subscription))
    {
        dues.push((at, Due::Cancel, id));
    }
    if let Some(at) = subscription.integer("pause_collection.resumes_at") {
        dues.push((at, Due::ResumeCollection, id));
    }
    dues
}

fn invoice_due(invoice: &Value) -> Option<(i64, Due, &str)> {
    let id = invoice.word("id");
    match invoice.word("status") {
        "draft" => Some((invoice.integer("automatically_finalizes_at")?, Due::FinalizeInvoice, id)),
        "open" => Some((invoice.integer("next_payment_attempt")?, Due::RetryInvoice, id)),
        _ => None,
    }
}
