use super::prelude::*;
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_path",
    signatures: &["(path: string) -> dynamic"],
    summary: "A bag of a file path's parts: `Scheme`, `RootPath` (the drive), `DirectoryPath`, `DirectoryName`, `Filename`, \
              `Extension` and `AlternateDataStreamName`. Both kinds of slashes, schemes, shares (`\\\\\\\\server\\\\share`) and \
              long paths (`\\\\\\\\?\\\\C:`) are understood; missing parts are empty.",
    examples: &[
        ("print parse_path('/usr/lib/temp/file.txt').DirectoryPath", "/usr/lib/temp"),
        ("print parse_path('file://C:/temp/file.txt:some.exe').AlternateDataStreamName", "some.exe"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let path = args.str(0);
    Ok(args.written(|row, out| {
        Parts::of(path.get(row)).write(out);
        true
    }))
}

#[derive(Default)]
struct Parts<'a> {
    scheme: &'a str,
    root: &'a str,
    directory: &'a str,
    directory_name: &'a str,
    filename: &'a str,
    extension: &'a str,
    stream: &'a str,
}

const SLASHES: [char; 2] = ['/', '\\'];

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Parts<'a> {
        let (scheme, mut path) = text.split_once("://").unwrap_or(("", text));
        // `file:///C:/x` has an empty host before the drive.
        if let Some(rest) = path.strip_prefix('/')
            && !scheme.is_empty()
            && !drive(rest).is_empty()
        {
            path = rest;
        }
        // A long path says `\\?\` before the drive.
        let root = drive(path.strip_prefix(r"\\?\").unwrap_or(path));
        let (directory, last) = match path.rfind(SLASHES) {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None if root.is_empty() => ("", path),
            None => path.split_at(root.len()),
        };
        let directory_name = match directory.rfind(SLASHES) {
            Some(slash) => &directory[slash + 1..],
            None if directory == root => "",
            None => directory,
        };
        let directory_name = if directory_name == root { "" } else { directory_name };
        let (filename, stream) = last.split_once(':').unwrap_or((last, ""));
        let extension = filename.rsplit_once('.').map_or("", |(_, extension)| extension);
        Parts { scheme, root, directory, directory_name, filename, extension, stream }
    }

    fn write(&self, out: &mut String) {
        let parts = [
            ("{\"Scheme\":", self.scheme),
            (",\"RootPath\":", self.root),
            (",\"DirectoryPath\":", self.directory),
            (",\"DirectoryName\":", self.directory_name),
            (",\"Filename\":", self.filename),
            (",\"Extension\":", self.extension),
            (",\"AlternateDataStreamName\":", self.stream),
        ];
        for (name, part) in parts {
            out.push_str(name);
            write_json_string(out, part);
        }
        out.push('}');
    }
}

/// Returns the drive that a path starts with (`C:`), empty when it starts with none.
fn drive(path: &str) -> &str {
    match path.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => &path[..2],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{json_of, s};
    use schema::dynamic::raw;

    fn parts(path: &str) -> [String; 7] {
        let json = json_of("parse_path", &[s(path)]);
        let part = |name: &str| raw::member(&json, name).map(raw::text).unwrap_or_default().to_string();
        ["Scheme", "RootPath", "DirectoryPath", "DirectoryName", "Filename", "Extension", "AlternateDataStreamName"]
            .map(part)
    }

    #[test]
    fn splits_paths() {
        for (path, expected) in [
            (r"C:\temp\file.txt", ["", "C:", r"C:\temp", "temp", "file.txt", "txt", ""]),
            (r"temp\file.txt", ["", "", "temp", "temp", "file.txt", "txt", ""]),
            ("file://C:/temp/file.txt:some.exe", ["file", "C:", "C:/temp", "temp", "file.txt", "txt", "some.exe"]),
            ("file:///C:/temp/file.txt", ["file", "C:", "C:/temp", "temp", "file.txt", "txt", ""]),
            (r"\\shared\users\temp\file.txt.gz", ["", "", r"\\shared\users\temp", "temp", "file.txt.gz", "gz", ""]),
            ("/usr/lib/temp/file.txt", ["", "", "/usr/lib/temp", "temp", "file.txt", "txt", ""]),
            (r"\\?\C:\temp\file", ["", "C:", r"\\?\C:\temp", "temp", "file", "", ""]),
            (r"C:\file.exe:a:$DATA", ["", "C:", "C:", "", "file.exe", "exe", "a:$DATA"]),
            ("file.txt", ["", "", "", "", "file.txt", "txt", ""]),
            ("/file", ["", "", "", "", "file", "", ""]),
            ("/usr/lib/", ["", "", "/usr/lib", "lib", "", "", ""]),
            ("C:", ["", "C:", "C:", "", "", "", ""]),
            ("é/ü.ö", ["", "", "é", "é", "ü.ö", "ö", ""]),
            ("", ["", "", "", "", "", "", ""]),
        ] {
            assert_eq!(parts(path), expected, "{path}");
        }
    }
}
