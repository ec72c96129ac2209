//! Signatures of functions: what arguments a function takes and what type it gives.
//!
//! A signature is written as text beside the function that it describes and read once at start:
//!
//! ```text
//! (source: string, start: integer, length?: integer) -> string
//! (value+: scalar) -> string                 one or more of the same parameter
//! (if: bool, then: common, else: common) -> common
//! (value: number, roundTo: literal number) -> widest
//! ```
//!
//! `name?` may be left out, `name+` repeats once or more, `name*` never or more (a repeated parameter may be followed by
//! others, as in `strcat_delim`-like or `case`-like lists: `(predicate+: bool, then+: common, else: common)` repeats the
//! run of `+` parameters as a group).

use schema::KqlType;

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Exactly this type, or one that widens to it (int to long to real, int and long to decimal).
    Type(KqlType),
    /// `scalar`: any type.
    Scalar,
    /// `integer`: int or long.
    Integer,
    /// `number`: int, long, real or decimal.
    Number,
    /// `number|bool`.
    NumberOrBool,
    /// `summable`: a number or timespan or datetime.
    Summable,
    /// `orderable`: everything but dynamic, which `min`, `max`, `arg_max` and sort keys refuse.
    Orderable,
    /// `notdynamic`: everything but dynamic.
    NotDynamic,
    /// `notbool`: everything but bool.
    NotBool,
    /// `notreal`: everything but real and bool.
    NotReal,
    /// `string|dynamic`.
    StringOrDynamic,
    /// `string|array`.
    StringOrArray,
    /// `integer|array`.
    IntegerOrArray,
    /// `array`: dynamic that should hold an array.
    Array,
    /// `bag`: dynamic that should hold a property bag.
    Bag,
    /// `common`: any scalar, the same for all parameters of this kind after widening; dynamic mixes with any.
    Common,
    /// `commonscalar`: any scalar, the same for all after widening.
    CommonScalar,
    /// `commonnumber`: a number, the same for all after widening.
    CommonNumber,
    /// `commonsummable`.
    CommonSummable,
    /// `commonorderable`.
    CommonOrderable,
    /// `type`: a type literal, `typeof(long)`.
    TypeLiteral,
}

/// How an argument may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentForm {
    /// Any expression.
    Expression,
    /// `constant`: an expression without columns.
    Constant,
    /// `literal`: a literal (a `let` constant counts).
    Literal,
    /// `column`: the name of a column.
    Column,
    /// `star`: any expression, or `*` for all columns.
    Star,
}

/// How often a parameter occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    Once,
    Optional,
    /// Never or more often.
    Many,
    /// Once or more often.
    ManyOnce,
}

/// One parameter of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    pub name: &'static str,
    pub kind: ParamKind,
    pub form: ArgumentForm,
    pub occurs: Occurs,
}

/// The type that a call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// A type's name: always this type.
    Type(KqlType),
    /// `same(0)`: the type of that argument.
    Same(usize),
    /// `promoted(0)`: that argument's type with int widened to long.
    Promoted(usize),
    /// `common`: the common type of the arguments of `common` kinds.
    Common,
    /// `widest`: the widest numeric type of all arguments.
    Widest,
    /// `literal(0)`: the type that this argument's type literal names; `literal(last)` for the last argument.
    LiteralType(Option<usize>),
    /// `custom`: the function's own rule.
    Custom,
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub params: Vec<Param>,
    pub returns: Returns,
}

impl Signature {
    /// Reads a signature.
    ///
    /// # Errors
    /// Says which part of the text is not understood; a test reads every signature, so users never see it.
    pub fn parse(text: &'static str) -> Result<Signature, String> {
        let (params, returns) = text.rsplit_once("->").ok_or_else(|| format!("no `->` in `{text}`"))?;
        let params = params.trim();
        let inner = params
            .strip_prefix('(')
            .and_then(|p| p.strip_suffix(')'))
            .ok_or_else(|| format!("no parentheses in `{text}`"))?;
        let params =
            inner.split(',').map(str::trim).filter(|p| !p.is_empty()).map(Param::parse).collect::<Result<_, _>>()?;
        Ok(Signature { params, returns: Returns::parse(returns.trim())? })
    }

    /// Returns the parameter that each of `n` arguments goes to, or `None` when the signature does not take `n`.
    pub fn assign(&self, n: usize) -> Option<Vec<&Param>> {
        let required = self.params.iter().filter(|p| matches!(p.occurs, Occurs::Once | Occurs::ManyOnce)).count();
        if n < required {
            return None;
        }
        let repeated: Vec<usize> = (0..self.params.len())
            .filter(|i| matches!(self.params[*i].occurs, Occurs::Many | Occurs::ManyOnce))
            .collect();
        let Some((first, last)) = repeated.first().zip(repeated.last()) else {
            return (n <= self.params.len()).then(|| self.params.iter().take(n).collect());
        };
        // before* (group)+ after*: the group takes what the others leave, in whole rounds.
        let (before, after) = (*first, self.params.len() - last - 1);
        let group = &self.params[*first..=*last];
        let optional_after = self.params[last + 1..].iter().filter(|p| p.occurs == Occurs::Optional).count();
        for left_out in 0..=optional_after {
            let rest = n.checked_sub(before + after - left_out)?;
            if rest % group.len() == 0 {
                let rounds = rest / group.len();
                if rounds == 0 && group.iter().any(|p| p.occurs == Occurs::ManyOnce) {
                    return None;
                }
                let mut out: Vec<&Param> = self.params[..before].iter().collect();
                for _ in 0..rounds {
                    out.extend(group);
                }
                out.extend(self.params[last + 1..].iter().take(after - left_out));
                return Some(out);
            }
        }
        None
    }
}

impl Param {
    fn parse(text: &'static str) -> Result<Param, String> {
        let (name, kind) = text.split_once(':').ok_or_else(|| format!("no `:` in parameter `{text}`"))?;
        let (name, occurs) = match name.trim() {
            n if n.ends_with('?') => (&n[..n.len() - 1], Occurs::Optional),
            n if n.ends_with('*') => (&n[..n.len() - 1], Occurs::Many),
            n if n.ends_with('+') => (&n[..n.len() - 1], Occurs::ManyOnce),
            n => (n, Occurs::Once),
        };
        let kind = kind.trim();
        let (form, kind) = match kind.split_once(' ') {
            Some(("constant", kind)) => (ArgumentForm::Constant, kind),
            Some(("literal", kind)) => (ArgumentForm::Literal, kind),
            Some(("column", kind)) => (ArgumentForm::Column, kind),
            Some(("star", kind)) => (ArgumentForm::Star, kind),
            Some((other, _)) => return Err(format!("unknown form `{other}` in `{text}`")),
            None => (ArgumentForm::Expression, kind),
        };
        let kind = match kind {
            "scalar" => ParamKind::Scalar,
            "integer" => ParamKind::Integer,
            "number" => ParamKind::Number,
            "number|bool" => ParamKind::NumberOrBool,
            "summable" => ParamKind::Summable,
            "orderable" => ParamKind::Orderable,
            "notdynamic" => ParamKind::NotDynamic,
            "notbool" => ParamKind::NotBool,
            "notreal" => ParamKind::NotReal,
            "string|dynamic" => ParamKind::StringOrDynamic,
            "string|array" => ParamKind::StringOrArray,
            "integer|array" => ParamKind::IntegerOrArray,
            "array" => ParamKind::Array,
            "bag" => ParamKind::Bag,
            "common" => ParamKind::Common,
            "commonscalar" => ParamKind::CommonScalar,
            "commonnumber" => ParamKind::CommonNumber,
            "commonsummable" => ParamKind::CommonSummable,
            "commonorderable" => ParamKind::CommonOrderable,
            "type" => ParamKind::TypeLiteral,
            name => {
                ParamKind::Type(KqlType::from_name(name).ok_or_else(|| format!("unknown kind `{name}` in `{text}`"))?)
            }
        };
        Ok(Param { name, kind, form, occurs })
    }
}

impl Returns {
    fn parse(text: &str) -> Result<Returns, String> {
        let argument = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
        let index = |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is no argument's index"));
        Ok(match text {
            "common" => Returns::Common,
            "widest" => Returns::Widest,
            "custom" => Returns::Custom,
            "literal(last)" => Returns::LiteralType(None),
            _ => {
                if let Some(i) = argument("same(") {
                    Returns::Same(index(i)?)
                } else if let Some(i) = argument("promoted(") {
                    Returns::Promoted(index(i)?)
                } else if let Some(i) = argument("literal(") {
                    Returns::LiteralType(Some(index(i)?))
                } else {
                    Returns::Type(KqlType::from_name(text).ok_or_else(|| format!("unknown return type `{text}`"))?)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &'static str, n: usize) -> Option<Vec<&'static str>> {
        Some(Signature::parse(text).ok()?.assign(n)?.into_iter().map(|p| p.name).collect())
    }

    #[test]
    fn arguments_find_their_parameters() {
        assert_eq!(names("(a: string, b?: long) -> string", 1), Some(vec!["a"]));
        assert_eq!(names("(a: string, b?: long) -> string", 3), None);
        assert_eq!(names("(p+: bool, t+: common, e: common) -> common", 5), Some(vec!["p", "t", "p", "t", "e"]));
        assert_eq!(names("(p+: bool, t+: common, e: common) -> common", 4), None);
        assert_eq!(names("(d: string, v+: scalar) -> string", 1), None);
        assert_eq!(names("(v*: scalar) -> dynamic", 0), Some(vec![]));
    }
}
