//! The project's automation: `cargo xtask <task>`.

mod codegen;
mod tidy;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("codegen") => codegen::write(),
        Some("tidy") => {
            let breaches = tidy::breaches()?;
            breaches.iter().for_each(|breach| eprintln!("{breach}"));
            std::process::exit(i32::from(!breaches.is_empty()));
        }
        _ => {
            eprintln!("usage: cargo xtask codegen | tidy");
            std::process::exit(2);
        }
    }
}
