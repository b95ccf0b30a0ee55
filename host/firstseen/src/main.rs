//! The `firstseen` command; all of it is in `cli`.

fn main() -> std::process::ExitCode {
    firstseen::cli::main()
}
