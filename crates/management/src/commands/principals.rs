//! `.show principal roles` and its kin: what the caller may do. Who else may, tokens say, which only who runs the server sees.

use crate::args::Args;
use crate::command::{Columns, Command, Family, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use auth::{Action, Role};
use schema::Value;

/// Commands about who may do what.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show principal roles", needs: &[], columns: ROLES, body: roles },
        Command { syntax: "show principal roles ...", needs: &[], columns: ROLES, body: roles_with },
        Command { syntax: "show cluster principals", needs: &[], columns: PRINCIPALS, body: principals },
        Command { syntax: "show cluster principal roles", needs: &[], columns: ROLES, body: roles },
        Command { syntax: "show database principals", needs: READ, columns: PRINCIPALS, body: principals },
        Command { syntax: "show database <database> principals", needs: READ, columns: PRINCIPALS, body: principals },
        Command { syntax: "show database principal roles", needs: READ, columns: ROLES, body: roles },
        Command { syntax: "show database <database> principal roles", needs: READ, columns: ROLES, body: roles },
        Command { syntax: "show table <table> principals", needs: READ, columns: PRINCIPALS, body: principals },
        Command { syntax: "show table <table> principal roles", needs: READ, columns: ROLES, body: roles },
        Command { syntax: "show function <function> principals", needs: READ, columns: PRINCIPALS, body: principals },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];

const PRINCIPALS: Columns = &[
    ("Role", Text),
    ("PrincipalType", Text),
    ("PrincipalDisplayName", Text),
    ("PrincipalObjectId", Text),
    ("PrincipalFQN", Text),
    ("Notes", Text),
    ("RoleAssignmentIdentifier", Text),
];

const ROLES: Columns = &[("Scope", Text), ("DisplayName", Text), ("AADObjectID", Text), ("Role", Text)];

/// Returns the caller's roles by their names.
fn names(context: &Context<'_>) -> Vec<&'static str> {
    context.request.principal.roles.iter().copied().map(Role::name).collect()
}

fn principals(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let principal = &context.request.principal;
    let row = |role: &str| -> Vec<Value> {
        let fqn = format!("token={}", principal.id);
        vec![
            text(role),
            text("Token"),
            text(&principal.name),
            text(&principal.id),
            text(fqn),
            text("the caller"),
            text(""),
        ]
    };
    Ok(names(context).into_iter().map(row).collect())
}

fn roles(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let principal = &context.request.principal;
    let mut rows = Rows::new();
    for database in context.databases() {
        let row = |role: &str| -> Vec<Value> {
            vec![text(format!("Database {database}")), text(&principal.name), text(&principal.id), text(role)]
        };
        rows.extend(names(context).into_iter().map(row));
    }
    Ok(rows)
}

fn roles_with(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    args.reader.properties()?;
    args.reader.expect_end()?;
    roles(context, args)
}
