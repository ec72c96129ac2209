//! Writes a target's seeds into a folder, one file each: `write-seeds <target> <folder>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, folder] = arguments.as_slice() else {
        eprintln!("usage: write-seeds <target> <folder>");
        return ExitCode::from(2);
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        fuzzing::seeds::of(target)
            .iter()
            .enumerate()
            .try_for_each(|(i, seed)| std::fs::write(format!("{folder}/seed-{i:04}"), seed))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
