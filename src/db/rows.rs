//! The result of one statement, decoded column by column.
//!
//! A row type is declared with [`row!`]; it names its columns in the order of the SELECT, so that
//! finding one is a comparison. One decoder serves all row types, which keeps the artefact small.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// What D1 counted for one statement.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Meta {
    /// Rows read, as billed.
    pub rows_read: u64,
    /// Rows written, index entries included, as billed.
    pub rows_written: u64,
    /// Milliseconds that the database took, without the way to it.
    pub duration: f64,
}

/// The rows of one statement as a JSON array of objects, and what they cost.
#[derive(Debug, Clone)]
pub struct Rows {
    json: Box<serde_json::value::RawValue>,
    meta: Meta,
}

impl Rows {
    /// From the JSON array that the driver made.
    pub fn new(json: Box<serde_json::value::RawValue>, meta: Meta) -> Self {
        Self { json, meta }
    }

    /// What the statement cost.
    pub fn meta(&self) -> Meta {
        self.meta
    }

    /// All rows.
    pub fn all<T: FromRow>(&self) -> Result<Vec<T>> {
        self.rows()?.into_iter().map(|mut row| T::from_row(&mut row)).collect()
    }

    /// The first row, if there is one.
    pub fn first<T: FromRow>(&self) -> Result<Option<T>> {
        self.rows()?.into_iter().next().map(|mut row| T::from_row(&mut row)).transpose()
    }

    /// The only row of a statement that always gives one, such as an aggregate.
    pub fn one<T: FromRow>(&self) -> Result<T> {
        self.first()?.ok_or_else(|| Error::internal("a statement that gives a row gave none"))
    }

    /// How many rows there are.
    pub fn count(&self) -> Result<usize> {
        self.rows().map(|rows| rows.len())
    }

    #[inline(never)]
    fn rows(&self) -> Result<Vec<Row<'_>>> {
        serde_json::from_slice(self.json.get().as_bytes())
            .map_err(|error| Error::internal(format!("a result does not parse: {error}")))
    }
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
}

/// One row: its columns in the order of the SELECT.
#[derive(Debug, Default)]
pub struct Row<'a> {
    columns: Vec<(Cow<'a, str>, Cell<'a>)>,
    next: usize,
}

impl Row<'_> {
    /// The value of the next column, or of the one of that name wherever it is.
    #[inline(never)]
    fn take(&mut self, name: &str) -> Option<Cell<'_>> {
        let is_next = self.columns.get(self.next).is_some_and(|(column, _)| column == name);
        let at = if is_next {
            self.next
        } else {
            self.columns.iter().position(|(column, _)| column == name)?
        };
        self.next = at + 1;
        self.columns.get_mut(at).map(|(_, cell)| std::mem::replace(cell, Cell::Null))
    }

    /// Reads a column.
    ///
    /// # Errors
    /// When the SELECT has no such column, or its value does not fit.
    pub fn column<T: Column>(&mut self, name: &'static str) -> Result<T> {
        // A field called `r#type` is the column `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.take(name).and_then(T::from_cell).ok_or_else(|| unfit(name))
    }
}

fn unfit(name: &str) -> Error {
    Error::internal(format!("the column {name} is missing or does not fit"))
}

/// A type that a row can be read into.
pub trait FromRow: Sized {
    /// Reads the columns.
    fn from_row(row: &mut Row<'_>) -> Result<Self>;
}

/// Declares a row type and how it is read: each field is the column of its name.
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $type),* }

        impl $crate::db::FromRow for $name {
            fn from_row(row: &mut $crate::db::Row<'_>) -> $crate::error::Result<Self> {
                Ok(Self { $($field: row.column(stringify!($field))?),* })
            }
        }
    };
}

/// A type that a column can be read into; nothing when the value does not fit.
pub trait Column: Sized {
    /// Reads the value.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

impl Column for String {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl Column for i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sums may come as whole reals; they saturate"
    )]
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Integer(number) => Some(number),
            Cell::Real(number) if number.is_finite() => Some(number.round() as Self),
            _ => None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sums and means are far below 2^53")]
impl Column for f64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Integer(number) => Some(number as Self),
            Cell::Real(number) => Some(number),
            _ => None,
        }
    }
}

/// SQLite holds flags as 0 and 1; NULL is false.
impl Column for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(false),
            Cell::Integer(number) => Some(number != 0),
            _ => None,
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// A column that holds a JSON object as text. A malformed value is an empty object, so that one bad
/// row does not break a list.
impl Column for Map<String, Value> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match json_value(&cell) {
            Value::Object(object) => Some(object),
            _ => Some(Self::new()),
        }
    }
}

/// A column that holds a JSON array of texts; what is none of these is left out.
impl Column for Vec<String> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match json_value(&cell) {
            Value::Array(items) => Some(
                items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            ),
            _ => Some(Self::new()),
        }
    }
}

/// A column that holds a JSON array of anything.
impl Column for Vec<Value> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match json_value(&cell) {
            Value::Array(items) => Some(items),
            _ => Some(Self::new()),
        }
    }
}

/// A column that holds JSON of any kind as text; malformed JSON is null.
impl Column for Value {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match &cell {
            // A bare number in a JSON column is stored as a number.
            Cell::Integer(number) => Some(Self::from(*number)),
            Cell::Real(number) => Some(Self::from(*number)),
            _ => Some(json_value(&cell)),
        }
    }
}

fn json_value(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Text(text) => serde_json::from_slice(text.as_bytes()).unwrap_or_default(),
        _ => Value::Null,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cell::Integer(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cell::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cell::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Cell::Real(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(value.to_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut columns = Vec::new();
        while let Some((name, cell)) = map.next_entry::<Cell<'de>, Cell<'de>>()? {
            if let Cell::Text(name) = name {
                columns.push((name, cell));
            }
        }
        Ok(Row { columns, next: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    row! {
        /// Test.
        #[derive(Debug, PartialEq)]
        struct Sample {
            id: String,
            r#type: Option<String>,
            on: bool,
            total: i64,
            config: Map<String, Value>,
            origins: Vec<String>,
        }
    }

    fn rows(json: &str) -> Rows {
        Rows::new(serde_json::from_str(json).unwrap(), Meta::default())
    }

    fn sample(config: &str, origins: &str) -> Sample {
        rows(&format!(
            r#"[{{"id":"a \"b\"","type":null,"on":1,"total":3.0,"config":{config},"origins":{origins}}}]"#
        ))
        .one()
        .unwrap()
    }

    #[test]
    fn columns_are_read_by_name_and_type() {
        let read = sample(r#""{\"a\":2}""#, r#""[\"x\",7]""#);
        assert_eq!(
            (read.id.as_str(), read.r#type, read.on, read.total),
            ("a \"b\"", None, true, 3)
        );
        assert_eq!(read.config["a"], 2);
        assert_eq!(read.origins, ["x"]);
    }

    #[test]
    fn malformed_json_is_empty() {
        for stored in [r#""{""#, "null", "7", r#""true""#] {
            let read = sample(stored, stored);
            assert!(read.config.is_empty() && read.origins.is_empty(), "{stored}");
        }
    }

    #[test]
    fn the_order_of_columns_does_not_matter_but_each_must_be_there() {
        let shuffled =
            r#"[{"total":1,"origins":null,"config":null,"on":null,"type":"x","id":"a"}]"#;
        assert_eq!(rows(shuffled).one::<Sample>().unwrap().r#type.as_deref(), Some("x"));
        let error = rows(r#"[{"id":"a"}]"#).one::<Sample>().unwrap_err();
        assert!(error.private_context().contains("column type"), "{error}");
        let error = rows(r#"[{"id":7,"type":null}]"#).one::<Sample>().unwrap_err();
        assert!(error.private_context().contains("column id"), "{error}");
    }

    #[test]
    fn a_missing_row_is_an_error_where_one_is_due() {
        assert!(rows("[]").first::<Sample>().unwrap().is_none());
        assert!(rows("[]").one::<Sample>().is_err());
        assert_eq!(rows("[{},{}]").count().unwrap(), 2);
    }
}
