use super::geojson::{geometry, position};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_from_wkt",
    signatures: &["(wkt: scalar) -> dynamic"],
    summary: "A geometry's well-known text as GeoJSON: points, lines, polygons, several of them, and collections, in two \
              dimensions. Null when the text is none.",
    examples: &[
        ("print tostring(geo_from_wkt('POINT (1 2)'))", r#"{"type":"Point","coordinates":[1,2]}"#),
        ("print isnull(geo_from_wkt('LINESTRING'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Collections within collections past which a text counts as none; it bounds the recursion.
const DEPTH_MAX: usize = 64;

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some(arg) = args.opt(0).filter(|arg| matches!(arg.ktype, KqlType::String | KqlType::Dynamic)) else {
        return Ok(args.dynamics(|_| None));
    };
    Ok(args.dynamics(|row| match arg.value(row) {
        Value::String(text) | Value::Dynamic(Dynamic::String(text)) => parse(&text),
        _ => None,
    }))
}

fn parse(text: &str) -> Option<Dynamic> {
    let mut reader = Reader { rest: text.trim() };
    let shape = reader.shape(0)?;
    reader.rest.trim().is_empty().then_some(shape)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn word(&mut self) -> &'a str {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }

    fn eat(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn number(&mut self) -> Option<f64> {
        let text = self.rest.trim_start();
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let (number, rest) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
        self.rest = rest;
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn position(&mut self) -> Option<Dynamic> {
        Some(position((self.number()?, self.number()?)))
    }

    /// Reads one or more items between brackets.
    fn list(&mut self, item: impl Fn(&mut Reader<'a>) -> Option<Dynamic>) -> Option<Dynamic> {
        if !self.eat('(') {
            return None;
        }
        let mut items = vec![item(self)?];
        while self.eat(',') {
            items.push(item(self)?);
        }
        self.eat(')').then_some(Dynamic::Array(items))
    }

    fn positions(&mut self) -> Option<Dynamic> {
        self.list(Reader::position)
    }

    fn rings(&mut self) -> Option<Dynamic> {
        self.list(Reader::positions)
    }

    fn shape(&mut self, depth: usize) -> Option<Dynamic> {
        let word = self.word().to_ascii_uppercase();
        Some(match word.as_str() {
            "POINT" => {
                let (true, position, true) = (self.eat('('), self.position()?, self.eat(')')) else { return None };
                geometry("Point", position)
            }
            "LINESTRING" => geometry("LineString", self.positions()?),
            "POLYGON" => geometry("Polygon", self.rings()?),
            // Each point may have brackets of its own.
            "MULTIPOINT" => {
                let item = |reader: &mut Reader<'a>| {
                    let has_brackets = reader.eat('(');
                    let position = reader.position()?;
                    (!has_brackets || reader.eat(')')).then_some(position)
                };
                geometry("MultiPoint", self.list(item)?)
            }
            "MULTILINESTRING" => geometry("MultiLineString", self.rings()?),
            "MULTIPOLYGON" => geometry("MultiPolygon", self.list(Reader::rings)?),
            "GEOMETRYCOLLECTION" if depth < DEPTH_MAX => {
                super::geojson::collection(self.list(|reader| reader.shape(depth + 1))?)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_geometry() {
        for (text, expected) in [
            (" point(-1.5 2e1 ) ", r#"{"type":"Point","coordinates":[-1.5,20]}"#),
            ("LINESTRING (1 2, 3 4)", r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#),
            ("POLYGON ((0 0,2 0,2 2,0 0))", r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}"#),
            ("MULTIPOINT (1 1, (2 2))", r#"{"type":"MultiPoint","coordinates":[[1,1],[2,2]]}"#),
            (
                "MULTILINESTRING ((1 1, 2 2), (4 4, 5 5))",
                r#"{"type":"MultiLineString","coordinates":[[[1,1],[2,2]],[[4,4],[5,5]]]}"#,
            ),
            (
                "GEOMETRYCOLLECTION (POINT (1 1),MULTIPOLYGON (((0 0,2 0,2 2,0 0))))",
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,1]},{"type":"MultiPolygon","coordinates":[[[[0,0],[2,0],[2,2],[0,0]]]]}]}"#,
            ),
        ] {
            assert_eq!(parse(text).map(|shape| shape.to_json()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn texts_that_are_none() {
        let deep = "GEOMETRYCOLLECTION (".repeat(5000);
        for text in [
            "",
            "POINT",
            "POINT 1 2",
            "POINT (1)",
            "POINT (1 2 3)",
            "POINT (1 2) x",
            "POINT (é 2)",
            "CIRCLE (1 2)",
            "POINT Z (1 2 3)",
            &deep,
        ] {
            assert_eq!(parse(text), None);
        }
    }
}
