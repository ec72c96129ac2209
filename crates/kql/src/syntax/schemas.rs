//! The grammar of types and of lists of columns: `(a: long, b: string)`, `typeof(...)`.

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::syntax::ast::{ColumnDeclaration, Expr, ExprKind, SchemaType};
use crate::syntax::parser::Parser;
use schema::KqlType;

impl Parser<'_> {
    /// Reads the name of a scalar type, or reports that it is missing or unknown.
    pub(crate) fn scalar_type(&mut self) -> KqlType {
        let word = self.word_at(0);
        if word.is_empty() {
            self.report_missing("a type");
            return KqlType::String;
        }
        if let Some(ktype) = KqlType::from_name(word) {
            self.bump();
            return ktype;
        }
        let names = KqlType::ALL.map(KqlType::name);
        let mut diagnostic = Diagnostic::syntax("KS160", self.span(), format!("`{word}` is no type"));
        diagnostic = match nearest(word, names) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("the types are {}", names.join(", "))),
        };
        self.report(diagnostic);
        self.bump();
        KqlType::String
    }

    /// Reads `name: type`.
    pub(crate) fn column_declaration(&mut self) -> Option<ColumnDeclaration> {
        if !self.at(":") && self.declared_name_ahead(0).is_none() {
            self.report_missing("a column and its type, as in `name: string`");
            return None;
        }
        let name = self.expect_declared_name();
        let ktype = if self.expect(":") { self.scalar_type() } else { KqlType::String };
        Some(ColumnDeclaration { name, ktype })
    }

    /// Reads `(a: long, b: string)`, with `*` among them where that is allowed.
    pub(crate) fn row_schema(&mut self) -> SchemaType {
        let start = self.span().start;
        let mut star = false;
        let mut columns = Vec::new();
        if self.eat("(") {
            columns = self
                .loose_comma_list(|parser| {
                    if parser.eat("*") {
                        star = true;
                        return Some(None);
                    }
                    parser.column_declaration().map(Some)
                })
                .into_iter()
                .flatten()
                .collect();
            self.close(")");
        } else {
            self.report_missing("a list of columns, as in `(a: long, b: string)`");
        }
        SchemaType { columns, star, scalar: None, span: self.span_from(start) }
    }

    /// Reads `typeof(long)`, `typeof(a: long, b: string)`, `typeof(*, a: long)`.
    pub(crate) fn typeof_literal(&mut self) -> Expr {
        let start = self.bump().start;
        let scalar = (self.at_nth(2, ")") && !self.word_at(1).is_empty()).then(|| {
            self.bump();
            // Here, unlike elsewhere, `DateTime` is taken as `datetime`.
            let word = self.word_at(0).to_ascii_lowercase();
            let ktype = match KqlType::from_name(&word) {
                Some(ktype) => {
                    self.bump();
                    ktype
                }
                None => self.scalar_type(),
            };
            self.close(")");
            ktype
        });
        let mut schema = match scalar {
            Some(_) => SchemaType { columns: Vec::new(), star: false, scalar, span: Span::default() },
            None => self.row_schema(),
        };
        schema.span = self.span_from(start);
        Expr { span: schema.span, kind: ExprKind::TypeOf(schema) }
    }
}
