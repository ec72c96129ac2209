//! The grammar of statements, function declarations and patterns.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{
    Block, Expr, ExprKind, FunctionDeclaration, Parameter, ParameterType, PatternCase, Statement, StatementKind,
};
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;
use std::sync::Arc;

impl Parser<'_> {
    /// Reads a whole query.
    pub(crate) fn query(&mut self) -> Block {
        while self.kind_at(0) == Some(TokenKind::Directive) {
            self.bump();
        }
        if self.at(".") {
            let diagnostic = Diagnostic::syntax("KS002", self.span(), "a query does not start with `.`")
                .help("texts that start with `.` are management commands, which are not run here");
            self.report(diagnostic);
            self.recover();
        }
        let mut statements = Vec::new();
        loop {
            self.statements(&mut statements);
            if self.at_end() {
                break;
            }
            // A bracket that nothing opened.
            self.report_unexpected();
            self.bump();
            self.recover();
        }
        let start = statements.first().map_or(0, |statement: &Arc<Statement>| statement.span.start);
        Block { statements, span: self.span_from(start) }
    }

    /// Reads the statements inside brackets.
    pub(crate) fn inner_statements(&mut self) -> Vec<Arc<Statement>> {
        let mut statements = Vec::new();
        self.statements(&mut statements);
        statements
    }

    /// Reads statements up to a closing bracket or the end.
    fn statements(&mut self, statements: &mut Vec<Arc<Statement>>) {
        while !matches!(self.text_at(0), ")" | "]" | "}" | "") {
            let start = self.span();
            if self.at(";") {
                self.report_missing("a statement");
                while self.eat(";") {}
                continue;
            }
            let statement = self.statement();
            let empty = self.span() == start;
            if !empty {
                statements.push(Arc::new(statement));
            }
            if self.eat(";") || matches!(self.text_at(0), ")" | "]" | "}" | "") {
                continue;
            }
            if self.at_statement() && !empty {
                self.report_expected(&[";"]);
                continue;
            }
            self.report_unexpected();
            if empty {
                self.bump();
            }
            self.recover();
            // What is left of a broken pipeline has no meaning by itself.
            while self.eat("|") {
                self.recover();
            }
            self.eat(";");
        }
    }

    /// Returns whether the text goes on with a statement other than an expression.
    pub(crate) fn at_statement(&self) -> bool {
        match self.word_at(0) {
            "let" => self.name_ahead(1).is_some(),
            "set" => true,
            "declare" => matches!(self.text_at(1), "pattern" | "query_parameters"),
            "restrict" => self.at_nth(1, "access"),
            "alias" => self.at_nth(1, "database"),
            _ => false,
        }
    }

    fn statement(&mut self) -> Statement {
        let start = self.span().start;
        let kind = if !self.at_statement() {
            StatementKind::Expression(self.expression())
        } else {
            match self.text_at(0) {
                "let" => self.let_statement(),
                "set" => self.set_statement(),
                "restrict" => self.restrict_statement(),
                "alias" => self.alias_statement(),
                _ if self.at_nth(1, "pattern") => self.pattern_statement(),
                _ => self.query_parameters_statement(),
            }
        };
        Statement { kind, span: self.span_from(start) }
    }

    fn let_statement(&mut self) -> StatementKind {
        self.bump();
        let name = self.expect_name();
        if !self.expect("=") {
            return StatementKind::Let { name, value: self.error_expr() };
        }
        let value = if self.at_function() { self.function() } else { self.expression() };
        if self.at("{") && matches!(value.kind, ExprKind::Parenthesized(_)) {
            let diagnostic = Diagnostic::syntax("KS198", self.span(), "did not expect `{` here")
                .help("a function's parameters need types, as in `(a: string) { ... }`");
            self.report(diagnostic);
        }
        StatementKind::Let { name, value }
    }

    /// Returns whether `(a: long) {` or `view () {` follows.
    fn at_function(&self) -> bool {
        let ahead = usize::from(self.at("view") && self.at_nth(1, "("));
        if !self.at_nth(ahead, "(") {
            return false;
        }
        if self.at_nth(ahead + 1, ")") {
            return true;
        }
        self.declared_name_ahead(ahead + 1).is_some_and(|length| self.at_nth(ahead + 1 + length, ":"))
    }

    fn function(&mut self) -> Expr {
        let start = self.span().start;
        let read = self.nested(|parser| {
            let view = parser.eat("view");
            let parameters = parser.parameters();
            let body = parser.function_body();
            let span = parser.span_from(start);
            parser.grow(1);
            let declaration = FunctionDeclaration { view, parameters, body, span };
            Some(Expr { kind: ExprKind::Function(Box::new(declaration)), span })
        });
        read.unwrap_or_else(|| self.error_expr())
    }

    /// Reads `(a: long, t: (*), b: string = "x")`.
    pub(crate) fn parameters(&mut self) -> Vec<Parameter> {
        if !self.expect("(") {
            return Vec::new();
        }
        let parameters = if self.at_close() { Vec::new() } else { self.comma_list(Self::parameter) };
        self.close(")");
        parameters
    }

    fn parameter(&mut self) -> Option<Parameter> {
        if self.declared_name_ahead(0).is_none() {
            self.report_missing("a parameter, as in `name: string`");
            return None;
        }
        let name = self.expect_declared_name();
        self.expect(":");
        let ktype = if self.at("(") {
            ParameterType::Table(self.row_schema())
        } else {
            ParameterType::Scalar(self.scalar_type())
        };
        let default = self.eat("=").then(|| self.option_value());
        Some(Parameter { name, ktype, default })
    }

    /// Reads `{ statements }`.
    pub(crate) fn function_body(&mut self) -> Block {
        let start = self.span().start;
        let mut statements = Vec::new();
        if self.expect("{") {
            statements = self.nested(|parser| Some(parser.inner_statements())).unwrap_or_default();
            self.close("}");
        }
        Block { statements, span: self.span_from(start) }
    }

    fn set_statement(&mut self) -> StatementKind {
        self.bump();
        let name = self.any_word().unwrap_or_else(|| self.missing_name());
        let value = self.eat("=").then(|| self.unnamed());
        StatementKind::Set { name, value }
    }

    fn query_parameters_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        StatementKind::QueryParameters { parameters: self.parameters() }
    }

    fn restrict_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        let mut entities = Vec::new();
        if self.expect("to") && self.expect("(") {
            entities = self.comma_list(|parser| {
                let entity = parser.entity();
                if entity.is_none() {
                    parser.report_missing("a table");
                }
                entity
            });
            self.close(")");
        }
        let options = self.with_properties();
        StatementKind::Restrict { entities, options }
    }

    fn alias_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        let name = self.expect_name();
        self.expect("=");
        let value = self.unnamed();
        StatementKind::Alias { name, value }
    }

    fn pattern_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        let name = self.expect_name();
        let mut parameters = Vec::new();
        let mut path = None;
        let mut cases = Vec::new();
        if self.eat("=") {
            parameters = self.row_schema().columns;
            if self.eat("[") {
                path = self.column_declaration();
                self.close("]");
            }
            if self.expect("{") {
                while let Some(case) = self.pattern_case() {
                    cases.push(case);
                }
                self.close("}");
            }
        }
        StatementKind::Pattern { name, parameters, path, cases }
    }

    fn pattern_case(&mut self) -> Option<PatternCase> {
        if !self.eat("(") {
            return None;
        }
        let arguments = self.comma_list(|parser| Some(parser.unnamed()));
        self.close(")");
        let path = self.eat(".").then(|| {
            self.expect("[");
            let path = self.unnamed();
            self.close("]");
            path
        });
        self.expect("=");
        let body = self.function_body();
        self.eat(";");
        Some(PatternCase { arguments, path, body })
    }
}

/// Reads a stored function's parameter list.
pub(crate) fn parameter_list(parser: &mut Parser<'_>) -> Vec<Parameter> {
    let parameters = if parser.at("(") {
        parser.parameters()
    } else if parser.at_end() {
        Vec::new()
    } else {
        parser.comma_list(Parser::parameter)
    };
    if !parser.at_end() {
        parser.report_unexpected();
    }
    parameters
}

/// Reads a stored function's body, with or without braces.
pub(crate) fn body(parser: &mut Parser<'_>) -> Block {
    if !parser.at("{") {
        return parser.query();
    }
    let body = parser.function_body();
    if !parser.at_end() {
        parser.report_unexpected();
    }
    body
}
