use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "execute_show_command",
    usage: "execute_show_command(ConnectionString, Command)",
    summary: "Runs a management command on another cluster. Refused: it would send the command to a cluster outside the vault.",
    arity: (2, 2),
    run: Err("`execute_show_command` is refused: it would send the command to a cluster outside the vault"),
    ..Plugin::DEFAULT
};
