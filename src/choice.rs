//! Values of a closed list, as a column, a body's member and an answer hold them.

/// Declares an enum whose variants are texts: how it is stored, sent and read.
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        $vis enum $name { $(
            $(#[$variant_meta])*
            #[cfg_attr(not(target_arch = "wasm32"), schema(rename = $text))]
            $variant
        ),+ }

        impl $name {
            /// Every text.
            $vis const ALL: &'static [&'static str] = &[$($text),+];

            /// The text as stored and sent.
            $vis fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of a text.
            $vis fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl $crate::db::Column for $name {
            fn from_cell(cell: $crate::db::Cell<'_>) -> Option<Self> {
                Self::parse(&String::from_cell(cell)?)
            }
        }

        impl From<$name> for $crate::db::Param {
            fn from(value: $name) -> Self {
                Self::from(value.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::http::body::Member for $name {
            fn from_member(value: serde_json::Value) -> Result<Self, String> {
                value.as_str().and_then(Self::parse).ok_or_else(|| $crate::http::body::expected_one_of(Self::ALL))
            }
        }
    };
}
