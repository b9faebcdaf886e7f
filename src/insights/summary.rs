//! What the days of a period and of the one before it amount to.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::period::Period;
use super::store::{DayRow, QuestionRow};
use crate::choice;
use crate::redaction::redacted;
use crate::time::StoredTime;

/// Topics and questions told at most.
const MOST_TOPICS: usize = 10;
const MOST_QUESTIONS: usize = 10;
/// Longest question told, in characters.
const LONGEST_QUESTION: usize = 300;
/// A change is worth a sentence from this on, in percent.
const NOTABLE_CHANGE: i64 = 10;
/// Fewer than this say nothing about a trend.
const FEWEST: i64 = 10;

/// One day.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct DayOut {
    date: String,
    total_sessions: i64,
    total_messages: i64,
    /// The mean over the day's answers.
    avg_latency_ms: f64,
    leads_captured: i64,
}

/// An hour of the day, UTC, and the sessions that began in it.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct HourOut {
    hour: i64,
    sessions: i64,
}

/// A document, by its title, and the questions it answered.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct TopicOut {
    topic: String,
    questions: i64,
}

/// A question that found no answer, without what identifies a person.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct QuestionOut {
    question: String,
    /// How often it is among the newest 30.
    count: i64,
    last_asked_at: StoredTime,
    site_id: String,
    session_id: String,
}

choice! {
    /// How much a sentence matters.
    pub(super) enum InsightType {
        /// Look at it now.
        Alert = "alert",
        /// Keep an eye on it.
        Warning = "warning",
        /// Good to know.
        Tip = "tip",
    }
}

/// A sentence about the figures.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct InsightOut {
    r#type: InsightType,
    message: String,
}

/// A figure of the period and of as many days before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct TrendOut {
    current: i64,
    previous: i64,
    /// Absent when there was nothing before.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_percent: Option<i64>,
}

impl TrendOut {
    fn new(current: i64, previous: i64) -> Self {
        let change = current.saturating_sub(previous).saturating_mul(100);
        let change_percent = (previous > 0).then(|| divided(change, previous));
        Self { current, previous, change_percent }
    }

    /// The change, if there is enough to speak of one.
    fn notable(self, fewest: i64) -> Option<i64> {
        self.change_percent.filter(|change| {
            change.abs() >= NOTABLE_CHANGE && self.previous.max(self.current) >= fewest
        })
    }
}

/// Rounded half up.
fn divided(total: i64, count: i64) -> i64 {
    total.saturating_mul(2).saturating_add(count).div_euclid(count.saturating_mul(2))
}

/// How the period compares.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct TrendsOut {
    sessions: TrendOut,
    messages: TrendOut,
    leads: TrendOut,
    /// The mean over all answers, in milliseconds.
    latency: TrendOut,
    /// Questions that found no answer.
    unanswered: TrendOut,
    /// Answers that their visitors rated up, and down, by the day of the answer.
    thumbs_up: TrendOut,
    thumbs_down: TrendOut,
}

#[derive(Debug, Default)]
struct Sums {
    sessions: i64,
    messages: i64,
    answers: i64,
    latency_ms_total: i64,
    leads: i64,
    unanswered: i64,
    thumbs_up: i64,
    thumbs_down: i64,
}

impl Sums {
    fn of<'a>(days: impl Iterator<Item = &'a DayRow>) -> Self {
        days.fold(Self::default(), |sums, day| Self {
            sessions: sums.sessions.saturating_add(day.sessions),
            messages: sums.messages.saturating_add(day.messages),
            answers: sums.answers.saturating_add(day.answers),
            latency_ms_total: sums.latency_ms_total.saturating_add(day.latency_ms_total),
            leads: sums.leads.saturating_add(day.leads),
            unanswered: sums.unanswered.saturating_add(day.unanswered),
            thumbs_up: sums.thumbs_up.saturating_add(day.thumbs_up),
            thumbs_down: sums.thumbs_down.saturating_add(day.thumbs_down),
        })
    }

    fn latency_ms(&self) -> i64 {
        if self.answers <= 0 { 0 } else { divided(self.latency_ms_total, self.answers) }
    }
}

/// The period and what it is compared with.
pub(super) struct Summary {
    period: Period,
    /// The days of the period that have a row.
    days: BTreeMap<String, DayRow>,
    current: Sums,
    previous: Sums,
}

impl Summary {
    pub(super) fn new(period: Period, rows: Vec<DayRow>) -> Self {
        let (days, before): (Vec<DayRow>, _) =
            rows.into_iter().partition(|row| period.holds(&row.date));
        let (current, previous) = (Sums::of(days.iter()), Sums::of(before.iter()));
        let days = days.into_iter().map(|day| (day.date.clone(), day)).collect();
        Self { period, days, current, previous }
    }

    /// One row a day, days without a visitor included; nothing when no day has one.
    pub(super) fn days(&self) -> Vec<DayOut> {
        if self.days.is_empty() {
            return Vec::new();
        }
        let none = DayRow::default();
        let day = |date: String| {
            let row = self.days.get(&date).unwrap_or(&none);
            DayOut {
                date,
                total_sessions: row.sessions,
                total_messages: row.messages,
                avg_latency_ms: mean(row.latency_ms_total, row.answers),
                leads_captured: row.leads,
            }
        };
        self.period.days().map(day).collect()
    }

    /// Hours in which sessions began, busiest first.
    pub(super) fn peak_hours(&self) -> Vec<HourOut> {
        let counts = counts(self.days.values().map(|day| &day.hours));
        let hour = |(hour, sessions): (&str, i64)| {
            let hour = hour.parse().ok().filter(|hour| (0..24).contains(hour))?;
            Some(HourOut { hour, sessions })
        };
        let mut hours: Vec<HourOut> = counts.into_iter().filter_map(hour).collect();
        hours.sort_by_key(|hour| (-hour.sessions, hour.hour));
        hours
    }

    /// Documents that answered most questions.
    pub(super) fn topics(&self) -> Vec<TopicOut> {
        let counts = counts(self.days.values().map(|day| &day.topics));
        let mut topics: Vec<TopicOut> = counts
            .into_iter()
            .map(|(topic, questions)| TopicOut { topic: topic.to_owned(), questions })
            .collect();
        // Equal ones stay in the order of their names.
        topics.sort_by_key(|topic| -topic.questions);
        topics.truncate(MOST_TOPICS);
        topics
    }

    pub(super) fn trends(&self) -> TrendsOut {
        let (current, previous) = (&self.current, &self.previous);
        TrendsOut {
            sessions: TrendOut::new(current.sessions, previous.sessions),
            messages: TrendOut::new(current.messages, previous.messages),
            leads: TrendOut::new(current.leads, previous.leads),
            latency: TrendOut::new(current.latency_ms(), previous.latency_ms()),
            unanswered: TrendOut::new(current.unanswered, previous.unanswered),
            thumbs_up: TrendOut::new(current.thumbs_up, previous.thumbs_up),
            thumbs_down: TrendOut::new(current.thumbs_down, previous.thumbs_down),
        }
    }

    /// What is worth saying, most pressing first.
    pub(super) fn insights(&self) -> Vec<InsightOut> {
        let trends = self.trends();
        let mut insights: Vec<InsightOut> = [
            self.unanswered(),
            self.traffic("Sessions", trends.sessions, FEWEST),
            self.traffic("Messages", trends.messages, FEWEST),
            self.traffic("Leads", trends.leads, 3),
            self.latency(trends.latency),
        ]
        .into_iter()
        .flatten()
        .collect();
        insights.sort_by_key(|insight| insight.r#type);
        insights
    }

    /// Every answer counts one question.
    fn unanswered(&self) -> Option<InsightOut> {
        let (unanswered, asked) = (self.current.unanswered, self.current.answers);
        if unanswered <= 0 || asked <= 0 {
            return None;
        }
        let share = divided(unanswered.saturating_mul(100), asked);
        let r#type = match share {
            20.. if asked >= FEWEST => InsightType::Alert,
            5.. => InsightType::Warning,
            _ => InsightType::Tip,
        };
        let message = format!(
            "{unanswered} of {asked} questions ({share}%) found no answer in your knowledge. Documents that answer them would help."
        );
        Some(InsightOut { r#type, message })
    }

    fn traffic(&self, what: &str, trend: TrendOut, fewest: i64) -> Option<InsightOut> {
        let change = trend.notable(fewest)?;
        let (r#type, verb) = match change {
            ..=-30 => (InsightType::Alert, "fell"),
            -29..0 => (InsightType::Warning, "fell"),
            _ => (InsightType::Tip, "rose"),
        };
        let (from, to) = (trend.previous, trend.current);
        Some(self.sentence(r#type, what, verb, change, &format!("from {from} to {to}")))
    }

    fn latency(&self, trend: TrendOut) -> Option<InsightOut> {
        let enough = self.current.answers >= FEWEST && self.previous.answers >= FEWEST;
        let change = trend.notable(0).filter(|_| enough && trend.current > 0)?;
        let (r#type, verb) = match change {
            50.. => (InsightType::Alert, "rose"),
            0..50 => (InsightType::Warning, "rose"),
            _ => (InsightType::Tip, "fell"),
        };
        let range = format!("from {} ms to {} ms", trend.previous, trend.current);
        Some(self.sentence(r#type, "The mean time to answer", verb, change, &range))
    }

    fn sentence(
        &self,
        r#type: InsightType,
        what: &str,
        verb: &str,
        change: i64,
        range: &str,
    ) -> InsightOut {
        let before = match self.period.length() {
            1 => "the day before".to_owned(),
            days => format!("the {days} days before"),
        };
        let change = change.unsigned_abs();
        InsightOut {
            r#type,
            message: format!("{what} {verb} by {change}% against {before}, {range}."),
        }
    }
}

/// The questions, each once, newest first.
pub(super) fn questions(rows: Vec<QuestionRow>) -> Vec<QuestionOut> {
    let mut questions: Vec<(String, QuestionOut)> = Vec::new();
    for row in rows {
        let question = shortened(&redacted(row.content.trim()));
        let same = question.to_lowercase();
        if let Some((_, known)) = questions.iter_mut().find(|(known, _)| *known == same) {
            known.count += 1;
            continue;
        }
        let out = QuestionOut {
            question,
            count: 1,
            last_asked_at: row.created_at,
            site_id: row.site_id,
            session_id: row.session_id,
        };
        questions.push((same, out));
    }
    questions.truncate(MOST_QUESTIONS);
    questions.into_iter().map(|(_, question)| question).collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUESTION) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}

/// The sums of each name over all days; what is no positive number counts nothing.
fn counts<'a>(days: impl Iterator<Item = &'a Map<String, Value>>) -> BTreeMap<&'a str, i64> {
    let mut counts = BTreeMap::new();
    for (name, count) in days.flatten() {
        if let Some(count) = count.as_i64().filter(|count| *count > 0) {
            let sum: &mut i64 = counts.entry(name.as_str()).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    counts
}

/// The mean to two places; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a day's milliseconds are far below 2^53")]
fn mean(total: i64, count: i64) -> f64 {
    if count <= 0 { 0.0 } else { (total as f64 * 100.0 / count as f64).round() / 100.0 }
}
