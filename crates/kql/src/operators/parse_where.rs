//! `parse-where [kind=...] subject with pattern`: as `parse`, keeping only the rows that match.

use super::parse;
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["parse-where"], source: false, piped: true, parse: read };

fn read(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(parse::read(parser, true))
}
