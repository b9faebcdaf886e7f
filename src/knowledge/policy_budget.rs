//! What the rules of an org may be, all policies together: each message is judged by all of them, in an isolate that
//! others use as well. What would be more is refused when it is written, so that all that is stored is enforced.

use serde_json::{Value, json};

use super::detection::compiled_bytes;
use super::policies::RuleMatch;
use crate::error::{Error, Result};
use crate::row;

/// Rules of an org.
const MOST_RULES: usize = 100;
/// Those of them that are expressions.
const MOST_EXPRESSIONS: usize = 20;
/// What all expressions take when they are compiled, in bytes: it bounds the work for each character of a message.
const MOST_COMPILED: usize = 64 * 1024;

row! {
    /// A policy that counts.
    #[derive(Debug, Clone)]
    pub(super) struct CountedRow {
        id: String,
        /// As stored.
        rules: Vec<Value>,
        updated_at: String,
    }
}

/// What rules are in sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    rules: usize,
    expressions: usize,
    compiled: usize,
}

impl Sum {
    fn of(rules: &[Value]) -> Self {
        let text = |rule: &Value, name: &str| {
            rule.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default().to_owned()
        };
        let is_expression =
            |rule: &&Value| RuleMatch::parse(&text(rule, "match")) == Some(RuleMatch::Regex);
        let expressions: Vec<String> =
            rules.iter().filter(is_expression).map(|rule| text(rule, "pattern")).collect();
        Self {
            rules: rules.len(),
            expressions: expressions.len(),
            compiled: expressions.iter().map(|pattern| compiled_bytes(pattern)).sum(),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            rules: self.rules + other.rules,
            expressions: self.expressions + other.expressions,
            compiled: self.compiled + other.compiled,
        }
    }
}

/// The policies beside the one that is written.
#[derive(Debug)]
pub(super) struct Others {
    counted: Vec<CountedRow>,
}

impl Others {
    pub(super) fn of(counted: Vec<CountedRow>) -> Self {
        Self { counted }
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.counted.len()).unwrap_or(u32::MAX)
    }

    /// What was counted, for the statement that writes: it does nothing if another policy was written meanwhile.
    pub(super) fn seen(&self) -> String {
        let seen = self.counted.iter().map(|row| json!([row.id, row.updated_at]));
        Value::Array(seen.collect()).to_string()
    }

    /// Whether an org may have these rules besides, instead of those before. What becomes less is never too much.
    pub(super) fn admit(&self, before: &[Value], rules: &[Value]) -> Result<()> {
        let (before, own) = (Sum::of(before), Sum::of(rules));
        let others = self.counted.iter().map(|row| Sum::of(&row.rules));
        let all = others.fold(own, Sum::plus);
        let is_more =
            |most: usize, all: usize, before: usize, own: usize| all > most && own > before;
        let refused = if is_more(MOST_RULES, all.rules, before.rules, own.rules) {
            format!(
                "All policies of an organization have at most {MOST_RULES} rules together; \
                 with these there would be {}.",
                all.rules
            )
        } else if is_more(MOST_EXPRESSIONS, all.expressions, before.expressions, own.expressions) {
            format!(
                "All policies of an organization have at most {MOST_EXPRESSIONS} rules with \"regex\" together; \
                 with these there would be {}.",
                all.expressions
            )
        } else if is_more(MOST_COMPILED, all.compiled, before.compiled, own.compiled) {
            format!(
                "The expressions of all policies of an organization take at most {MOST_COMPILED} bytes together when \
                 they are compiled; with these it would be {}. Make repeats such as {{1,200}} shorter.",
                all.compiled
            )
        } else {
            return Ok(());
        };
        Err(Error::conflict("too_many_rules", "Too many rules").hint(refused))
    }
}

/// Another policy was written between the look and the change.
#[cold]
#[track_caller]
pub(super) fn policies_changed() -> Error {
    Error::conflict("policies_changed", "Policies were changed meanwhile")
        .hint("Another policy of the organization was changed at the same moment; send it again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(count: usize, wanted: &str, pattern: &str) -> Vec<Value> {
        vec![json!({"match": wanted, "pattern": pattern}); count]
    }

    fn others(rules: Vec<Value>) -> Others {
        let row = CountedRow { id: "p".to_owned(), rules, updated_at: "t".to_owned() };
        Others::of(vec![row])
    }

    #[test]
    fn all_rules_of_an_org_are_one_sum() {
        let refused = |others: &Others, before: &[Value], own: &[Value]| {
            others.admit(before, own).err().map(|error| error.code())
        };
        let most = others(rules(90, "pii", ""));
        assert_eq!(refused(&most, &[], &rules(10, "keyword", "a")), None);
        assert_eq!(refused(&most, &[], &rules(11, "keyword", "a")), Some("too_many_rules"));
        let expressions = others(rules(18, "regex", "ab"));
        assert_eq!(refused(&expressions, &[], &rules(2, "regex", "ab")), None);
        assert_eq!(refused(&expressions, &[], &rules(3, "regex", "ab")), Some("too_many_rules"));
        let large = "[a-z ]{1,150}#1";
        let fit = MOST_COMPILED / compiled_bytes(large);
        assert!(fit < 18, "{fit}");
        let compiled = others(rules(fit, "regex", large));
        assert_eq!(refused(&compiled, &[], &rules(2, "keyword", "a")), None);
        assert_eq!(refused(&compiled, &[], &rules(1, "regex", large)), Some("too_many_rules"));
        // Of what was stored before there were bounds, some may be taken away.
        let old = others(rules(200, "pii", ""));
        assert_eq!(refused(&old, &rules(9, "pii", ""), &rules(8, "pii", "")), None);
        assert_eq!(
            refused(&old, &rules(8, "pii", ""), &rules(9, "pii", "")),
            Some("too_many_rules")
        );
    }
}
