//! Bodies: actions and documents, a line each.

use schema::dynamic::raw::{self, Kind};

use super::answer::Problem;
use super::index::names;
use crate::push::entry::{Content, Entry, members};
use crate::push::time::Time;

/// The column for a document's id.
const ID_COLUMN: &str = "DocumentId";
const INDEX_COLUMN: &str = "Index";
/// The column for what else an action says.
const ACTION_COLUMN: &str = "Action";
/// Members that say when a document was made.
const TIME_MEMBERS: [&str; 2] = ["@timestamp", "TimeGenerated"];
/// Bytes of the name of an index, and of an id.
const NAME_BYTES_MAX: usize = 255;
const ID_BYTES_MAX: usize = 512;

/// What is to be done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Index,
    Update,
    Delete,
}

impl Action {
    const ALL: [Action; 4] = [Action::Create, Action::Index, Action::Update, Action::Delete];

    /// Returns the action's name.
    pub fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Index => "index",
            Action::Update => "update",
            Action::Delete => "delete",
        }
    }
}

/// One action, and its document or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub action: Action,
    pub index: String,
    /// Empty when the client gives none.
    pub id: String,
    pub entry: Result<Box<Entry>, Problem>,
    /// What came in place of a document, where that is none.
    pub raw: Option<Vec<u8>>,
}

/// Reads a bulk. `index` is the one of actions that name none.
///
/// # Errors
/// When the lines are none of a bulk: nothing of it is taken then.
pub fn bulk(body: &[u8], index: Option<&str>, entries_max: usize) -> Result<Vec<Item>, Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::malformed("request body is required"));
    }
    if !body.ends_with(b"\n") {
        return Err(Problem::malformed("the bulk request must be terminated by a newline [\\n]"));
    }
    // What stands behind the last newline is no line.
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let mut items = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n').zip(1_u64..);
    while let Some((line, number)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if items.len() >= entries_max {
            return Err(Problem::too_large(&format!("a request has at most {entries_max} actions")));
        }
        let wrong = |why: &str| Problem::malformed(&format!("Malformed action/metadata line [{number}], {why}"));
        let line = std::str::from_utf8(line).map_err(|_| wrong("it is not UTF-8"))?;
        let line = raw::compact(line).filter(|line| raw::kind(line) == Kind::Bag);
        let line = line.ok_or_else(|| wrong("an object is expected"))?;
        let mut actions = members(&line);
        let (Some((name, says)), None) = (actions.next(), actions.next()) else {
            return Err(wrong("one action is expected"));
        };
        let action = Action::ALL.into_iter().find(|action| action.name() == name);
        let action = action.ok_or_else(|| wrong("the action is create, index, update or delete"))?;
        if !matches!(raw::kind(says), Kind::Bag) {
            return Err(wrong("an action is an object"));
        }
        let mut said = Said::of(says, index);
        let document = match action {
            Action::Delete => &[],
            _ => match lines.next() {
                Some((document, _)) => document,
                None => return Err(wrong("its document is missing")),
            },
        };
        let (named, id) = (std::mem::take(&mut said.index), std::mem::take(&mut said.id));
        items.push(said.item(document, named, id, action));
    }
    Ok(items)
}

/// Reads one document.
pub fn document(body: &[u8], index: &str, id: String, action: Action) -> Item {
    Said::default().item(body, index.to_string(), id, action)
}

/// What an action says of its document.
#[derive(Debug, Default)]
struct Said {
    index: String,
    id: String,
    /// The rest, as JSON.
    others: Vec<(String, String)>,
}

impl Said {
    fn of(says: &str, index: Option<&str>) -> Said {
        let mut said = Said { index: index.unwrap_or_default().to_string(), ..Said::default() };
        for (name, value) in members(says) {
            match name.as_ref() {
                "_index" => said.index = raw::text(value).into_owned(),
                "_id" => said.id = raw::text(value).into_owned(),
                // Kinds of documents, which there are no more.
                "_type" if matches!(raw::text(value).as_ref(), "_doc" | "doc" | "_type" | "") => {}
                other => said.others.push((other.to_string(), value.to_string())),
            }
        }
        said
    }

    fn item(self, document: &[u8], index: String, id: String, action: Action) -> Item {
        let is_added = matches!(action, Action::Create | Action::Index);
        let entry = self.entry(document, &index, &id, action).map(Box::new);
        let raw = (is_added && entry.is_err()).then(|| document.to_vec());
        Item { action, index, id, entry, raw }
    }

    fn entry(self, document: &[u8], index: &str, id: &str, action: Action) -> Result<Entry, Problem> {
        if matches!(action, Action::Update | Action::Delete) {
            return Err(Problem::unchangeable());
        }
        if index.is_empty() {
            return Err(Problem::malformed("an index is missing"));
        }
        if index.len() > NAME_BYTES_MAX || id.len() > ID_BYTES_MAX {
            let bytes = format!("an index has at most {NAME_BYTES_MAX} bytes, an id {ID_BYTES_MAX}");
            return Err(Problem::malformed(&bytes));
        }
        let text = std::str::from_utf8(document).map_err(|_| Problem::unparsed("it is not UTF-8"))?;
        let json = raw::compact(text).filter(|json| raw::kind(json) == Kind::Bag);
        let json = json.ok_or_else(|| Problem::unparsed("a document is a JSON object"))?;
        let named = names(index);
        let (time, json) = timed(&json);
        let mut entry = Entry {
            own: named.last().cloned().unwrap_or_default(),
            names: named,
            time,
            content: Content::Object(json),
            ..Entry::default()
        };
        entry.say(INDEX_COLUMN, index);
        entry.say(ID_COLUMN, id);
        if !self.others.is_empty() {
            let mut others = String::from("{");
            for (name, value) in &self.others {
                collection::push_member(&mut others, name, value);
            }
            others.push('}');
            entry.about.push((ACTION_COLUMN.to_string(), others));
        }
        Ok(entry)
    }
}

/// Takes a document's time out of it, where it says one.
fn timed(json: &str) -> (Time, String) {
    let found = TIME_MEMBERS.iter().find_map(|member| {
        let value =
            raw::member(json, member).filter(|value| matches!(raw::kind(value), Kind::String | Kind::Number))?;
        let time = Time::of_text(&raw::text(value));
        time.ticks.map(|_| (*member, time))
    });
    let Some((member, time)) = found else { return (Time::default(), json.to_string()) };
    let mut rest = String::with_capacity(json.len());
    rest.push('{');
    // The last of several counts, and the others stay.
    let last = members(json).enumerate().filter(|(_, (name, _))| name == member).last().map(|(place, _)| place);
    for (place, (name, value)) in members(json).enumerate() {
        if Some(place) != last {
            collection::push_member(&mut rest, &name, value);
        }
    }
    rest.push('}');
    (time, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<Item>, Problem> {
        bulk(body.as_bytes(), None, 3)
    }

    #[test]
    fn actions_and_documents_stand_on_lines() {
        let body = concat!(
            "{\"index\":{\"_index\":\"a\",\"_id\":7,\"routing\":\"r\"}}\n{\"@timestamp\":\"2026-05-31T12:00:00Z\",\"x\":1.0}\n",
            "{\"delete\":{\"_index\":\"a\",\"_id\":\"1\"}}\n\n{\"create\":{\"_index\":\"b\",\"_type\":\"_doc\"}}\n{ \"y\" : [1] }\n",
        );
        let items = read(body).expect("a bulk");
        let shown: Vec<String> = items
            .iter()
            .map(|item| {
                let entry = item.entry.as_ref().map(|entry| format!("{:?} {:?}", entry.content, entry.about));
                format!("{} {} {} {}", item.action.name(), item.index, item.id, entry.unwrap_or("refused".to_string()))
            })
            .collect();
        let expected = [
            r#"index a 7 Object("{\"x\":1.0}") [("Index", "\"a\""), ("DocumentId", "\"7\""), ("Action", "{\"routing\":\"r\"}")]"#,
            "delete a 1 refused",
            r#"create b  Object("{\"y\":[1]}") [("Index", "\"b\"")]"#,
        ];
        assert_eq!(shown, expected);
        let time = items[0].entry.as_ref().map(|entry| entry.time.clone());
        assert_eq!(time, Ok(Time::of_text("2026-05-31T12:00:00Z")));
    }

    #[test]
    fn lines_that_are_none_of_a_bulk_refuse_it() {
        for body in [
            "",
            "\n",
            "{\"index\":{\"_index\":\"a\"}}\n{}",
            "{\"index\":{\"_index\":\"a\"}}\n",
            "7\n",
            "{\"index\":{}}\n",
            "{\"index\":{},\"create\":{}}\n{}\n",
            "{\"upsert\":{\"_index\":\"a\"}}\n{}\n",
            "{\"index\":7}\n{}\n",
            &"{\"index\":{\"_index\":\"a\"}}\n{}\n".repeat(4),
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_document_is_told_of_it_alone() {
        let body = "{\"index\":{}}\n{}\n{\"index\":{\"_index\":\"a\"}}\n7\n{\"index\":{\"_index\":\"a\"}}\n{}\n";
        let items = read(body).expect("a bulk");
        assert_eq!(items.iter().map(|item| item.entry.is_ok()).collect::<Vec<_>>(), [false, false, true]);
    }
}
