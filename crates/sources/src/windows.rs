//! Windows events: their XML, and their columns in SecurityEvent, Event and WindowsEvent.
//!
//! Events of the channel Security land in SecurityEvent, those of a collector of forwarded events in WindowsEvent, all others in Event.
//!
//! # Source
//! "Event Schema" of the Windows Event Log; the columns of the three tables.

use crate::columns::Columns;
use crate::row::Row;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event as Xml};
use schema::dynamic::write_json_string;
use std::borrow::Cow;

/// An event taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub provider: String,
    pub provider_guid: String,
    pub event_id: String,
    pub version: String,
    pub level: String,
    pub task: String,
    pub opcode: String,
    pub keywords: String,
    pub time: String,
    pub record_id: String,
    pub correlation: String,
    pub process_id: String,
    pub thread_id: String,
    pub channel: String,
    pub computer: String,
    pub user_sid: String,
    /// Names and values of its data; a name may be empty.
    pub data: Vec<(String, String)>,
    /// The XML of its data.
    pub data_xml: String,
    pub message: String,
    pub level_name: String,
    pub is_forwarded: bool,
}

/// Depth of elements at most.
const DEPTH_MAX: usize = 64;

impl Event {
    /// Reads the XML of one event.
    pub fn of_xml(xml: &str) -> Result<Event, String> {
        let mut event = Event::default();
        let mut reader = Reader::from_str(xml);
        let mut path: Vec<String> = Vec::new();
        let mut text = String::new();
        let mut name = String::new();
        let mut n_leaves = 0_usize;
        let mut data_start = None;
        loop {
            let before = reader.buffer_position();
            match reader.read_event().map_err(|error| format!("it is no XML: {error}"))? {
                Xml::Start(start) => {
                    let tag = local_name(&start);
                    if path.len() >= DEPTH_MAX {
                        return Err("its elements are nested too deep".to_string());
                    }
                    if path.len() == 1 && matches!(tag.as_str(), "EventData" | "UserData") {
                        data_start = Some((before, tag.clone()));
                    }
                    event.attributes(&tag, &start, &mut name);
                    path.push(tag);
                    text.clear();
                    n_leaves += 1;
                }
                Xml::Empty(start) => {
                    let tag = local_name(&start);
                    event.attributes(&tag, &start, &mut name);
                    if path.get(1).is_some_and(|part| part == "EventData" || part == "UserData") {
                        event.leaf(&path, &tag, &name, "");
                    }
                }
                Xml::Text(part) => text.push_str(&part.xml10_content()),
                Xml::CData(part) => text.push_str(&part.xml10_content()),
                Xml::GeneralRef(reference) => {
                    let whole = format!("&{};", reference.into_inner());
                    text.push_str(&unescape(&whole).map_err(|error| format!("it is no XML: {error}"))?);
                }
                Xml::End(_) => {
                    let Some(tag) = path.pop() else { return Err("an element ends that did not begin".to_string()) };
                    if n_leaves > 0 {
                        event.leaf(&path, &tag, &name, &text);
                    }
                    n_leaves = 0;
                    if path.len() == 1
                        && let Some((start, of)) = data_start.take_if(|(_, of)| *of == tag)
                    {
                        let end = reader.buffer_position();
                        let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
                        if event.data_xml.is_empty() || of == "EventData" {
                            event.data_xml = xml.get(range).unwrap_or("").to_string();
                        }
                    }
                    text.clear();
                    if path.is_empty() {
                        break;
                    }
                }
                Xml::Eof => return Err("the event is not closed".to_string()),
                _ => {}
            }
        }
        if event.event_id.is_empty() && event.provider.is_empty() {
            return Err("it has no `System` with an event's id".to_string());
        }
        Ok(event)
    }

    fn attributes(&mut self, tag: &str, start: &BytesStart<'_>, name: &mut String) {
        name.clear();
        for attribute in start.attributes().flatten() {
            let value = unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), Cow::into_owned);
            let key = attribute.key.local_name();
            match (tag, key.as_ref()) {
                (_, "Name") if tag == "Data" || tag == "ComplexData" => *name = value,
                ("Provider", "Name") => self.provider = value,
                ("Provider", "Guid") => self.provider_guid = value,
                ("TimeCreated", "SystemTime") => self.time = value,
                ("Execution", "ProcessID") => self.process_id = value,
                ("Execution", "ThreadID") => self.thread_id = value,
                ("Correlation", "ActivityID") => self.correlation = value,
                ("Security", "UserID") => self.user_sid = value,
                _ => {}
            }
        }
    }

    /// Takes the text of an element without elements in it.
    fn leaf(&mut self, path: &[String], tag: &str, name: &str, text: &str) {
        let place = path.get(1).map(String::as_str);
        if matches!(place, Some("EventData" | "UserData")) {
            let name = if tag == "Data" { name } else { tag };
            self.data.push((name.to_string(), text.to_string()));
            return;
        }
        let text = text.to_string();
        match (place, tag) {
            (Some("System"), "EventID") => self.event_id = text,
            (Some("System"), "Version") => self.version = text,
            (Some("System"), "Level") => self.level = text,
            (Some("System"), "Task") => self.task = text,
            (Some("System"), "Opcode") => self.opcode = text,
            (Some("System"), "Keywords") => self.keywords = text,
            (Some("System"), "EventRecordID") => self.record_id = text,
            (Some("System"), "Channel") => self.channel = text,
            (Some("System"), "Computer") => self.computer = text,
            (Some("RenderingInfo"), "Message") => self.message = text,
            (Some("RenderingInfo"), "Level") => self.level_name = text,
            _ => {}
        }
    }

    /// Returns the value of a named datum.
    fn value(&self, name: &str) -> &str {
        self.data.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Makes the record.
    pub fn into_row(self) -> Row {
        if self.is_forwarded {
            self.forwarded()
        } else if self.channel.eq_ignore_ascii_case("Security") {
            self.security()
        } else {
            self.other()
        }
    }

    fn level_name(&self) -> &str {
        if !self.level_name.is_empty() {
            return &self.level_name;
        }
        match self.level.as_str() {
            "1" => "Critical",
            "2" => "Error",
            "3" => "Warning",
            "5" => "Verbose",
            _ => "Information",
        }
    }

    /// Sets what all three tables have.
    fn begin(&self, table: &'static str) -> Row {
        let mut row = Row::new(table);
        row.text("TimeGenerated", &self.time);
        row.text("SourceSystem", "OpsManager");
        row.text("Computer", &self.computer);
        row.number("EventID", &self.event_id);
        row.text("EventLevelName", self.level_name());
        for (column, value) in [
            ("Version", &self.version),
            ("SystemProcessId", &self.process_id),
            ("SystemThreadId", &self.thread_id),
            ("Task", &self.task),
        ] {
            if !value.is_empty() {
                row.number(column, value);
            }
        }
        for (column, value) in [
            ("Opcode", &self.opcode),
            ("Keywords", &self.keywords),
            ("EventRecordId", &self.record_id),
            ("Correlation", &self.correlation),
            ("SystemUserId", &self.user_sid),
            ("ProviderGuid", &self.provider_guid),
        ] {
            row.text(column, value);
        }
        row
    }

    fn security(self) -> Row {
        let mut row = self.begin("SecurityEvent");
        row.text("EventSourceName", &self.provider);
        row.text("Channel", &self.channel);
        row.text("Level", &self.level);
        row.text("Activity", &activity(&self.event_id));
        let account = |prefix: &str| {
            let (domain, user) = (self.value(&format!("{prefix}DomainName")), self.value(&format!("{prefix}UserName")));
            let is_there = !user.is_empty() && user != "-";
            is_there.then(|| {
                if domain.is_empty() || domain == "-" { user.to_string() } else { format!("{domain}\\{user}") }
            })
        };
        let (subject, target) = (account("Subject"), account("Target"));
        // Who signs in is the account of a logon; who acts is that of all else.
        let is_logon =
            matches!(self.event_id.as_str(), "4624" | "4625" | "4634" | "4647" | "4768" | "4769" | "4771" | "4776");
        let who = if is_logon { target.clone().or(subject.clone()) } else { subject.clone().or(target.clone()) };
        if let Some(who) = who {
            row.text("AccountType", if who.ends_with('$') { "Machine" } else { "User" });
            row.text("Account", &who);
        }
        row.text("SubjectAccount", &subject.unwrap_or_default());
        row.text("TargetAccount", &target.unwrap_or_default());
        let process =
            [self.value("NewProcessName"), self.value("ProcessName")].into_iter().find(|name| !name.is_empty());
        row.text("Process", process.and_then(|name| name.rsplit('\\').next()).unwrap_or(""));
        row.text("LogonTypeName", &logon_type(self.value("LogonType")));
        let columns = Columns::of("SecurityEvent");
        let mut is_whole = true;
        for (name, value) in &self.data {
            match columns.and_then(|columns| columns.spelled(name)).filter(|column| !row.is_set(column)) {
                Some(column) if !name.is_empty() => row.text(column, value),
                _ => is_whole = false,
            }
        }
        if !is_whole {
            row.text("EventData", &self.data_xml);
        }
        self.put_message(&mut row);
        row
    }

    fn put_message(&self, row: &mut Row) {
        if !self.message.is_empty() {
            row.pass_text("Message", &self.message);
        }
    }

    fn other(self) -> Row {
        let mut row = self.begin("Event");
        row.text("Source", &self.provider);
        row.text("EventLog", &self.channel);
        row.number("EventLevel", if self.level.is_empty() || self.level == "0" { "4" } else { &self.level });
        if !self.task.is_empty() {
            row.number("EventCategory", &self.task);
        }
        row.text("UserName", &self.user_sid);
        row.text("EventData", &self.data_xml);
        let parameters: String =
            self.data.iter().map(|(_, value)| format!("<Param>{}</Param>", quick_xml::escape::escape(value))).collect();
        row.text("ParameterXml", &parameters);
        row.text("RenderedDescription", &self.message);
        row
    }

    fn forwarded(self) -> Row {
        let mut row = self.begin("WindowsEvent");
        row.text("Provider", &self.provider);
        row.text("Channel", &self.channel);
        row.number("EventLevel", if self.level.is_empty() { "4" } else { &self.level });
        row.json("EventData", &self.data_json());
        self.put_message(&mut row);
        row
    }

    /// Returns the data as an object; data without names are counted.
    fn data_json(&self) -> String {
        let mut json = String::from("{");
        for (i, (name, value)) in self.data.iter().enumerate() {
            if i > 0 {
                json.push(',');
            }
            let name = if name.is_empty() { format!("Data{}", i + 1) } else { name.clone() };
            write_json_string(&mut json, &name);
            json.push(':');
            write_json_string(&mut json, value);
        }
        json.push('}');
        json
    }

    /// Writes XML of data that came without.
    pub fn write_data_xml(&mut self) {
        let mut xml = String::from("<EventData xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">");
        for (name, value) in &self.data {
            let (name, value) = (quick_xml::escape::escape(name), quick_xml::escape::escape(value));
            xml.push_str(&format!("<Data Name=\"{name}\">{value}</Data>"));
        }
        xml.push_str("</EventData>");
        self.data_xml = xml;
    }
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_string()
}

fn logon_type(number: &str) -> String {
    let name = match number.trim() {
        "0" => "System",
        "2" => "Interactive",
        "3" => "Network",
        "4" => "Batch",
        "5" => "Service",
        "7" => "Unlock",
        "8" => "NetworkCleartext",
        "9" => "NewCredentials",
        "10" => "RemoteInteractive",
        "11" => "CachedInteractive",
        _ => return String::new(),
    };
    format!("{} - {name}", number.trim())
}

/// Returns an event's number with its title.
fn activity(event_id: &str) -> String {
    const TITLES: &[(&str, &str)] = &[
        ("1102", "The audit log was cleared."),
        ("4616", "The system time was changed."),
        ("4624", "An account was successfully logged on."),
        ("4625", "An account failed to log on."),
        ("4634", "An account was logged off."),
        ("4647", "User initiated logoff."),
        ("4648", "A logon was attempted using explicit credentials."),
        ("4656", "A handle to an object was requested."),
        ("4657", "A registry value was modified."),
        ("4658", "The handle to an object was closed."),
        ("4662", "An operation was performed on an object."),
        ("4663", "An attempt was made to access an object."),
        ("4670", "Permissions on an object were changed."),
        ("4672", "Special privileges assigned to new logon."),
        ("4673", "A privileged service was called."),
        ("4674", "An operation was attempted on a privileged object."),
        ("4688", "A new process has been created."),
        ("4689", "A process has exited."),
        ("4690", "An attempt was made to duplicate a handle to an object."),
        ("4697", "A service was installed in the system."),
        ("4698", "A scheduled task was created."),
        ("4699", "A scheduled task was deleted."),
        ("4700", "A scheduled task was enabled."),
        ("4701", "A scheduled task was disabled."),
        ("4702", "A scheduled task was updated."),
        ("4703", "A user right was adjusted."),
        ("4719", "System audit policy was changed."),
        ("4720", "A user account was created."),
        ("4722", "A user account was enabled."),
        ("4723", "An attempt was made to change an account's password."),
        ("4724", "An attempt was made to reset an account's password."),
        ("4725", "A user account was disabled."),
        ("4726", "A user account was deleted."),
        ("4728", "A member was added to a security-enabled global group."),
        ("4729", "A member was removed from a security-enabled global group."),
        ("4732", "A member was added to a security-enabled local group."),
        ("4733", "A member was removed from a security-enabled local group."),
        ("4738", "A user account was changed."),
        ("4740", "A user account was locked out."),
        ("4756", "A member was added to a security-enabled universal group."),
        ("4767", "A user account was unlocked."),
        ("4768", "A Kerberos authentication ticket (TGT) was requested."),
        ("4769", "A Kerberos service ticket was requested."),
        ("4771", "Kerberos pre-authentication failed."),
        ("4776", "The domain controller attempted to validate the credentials for an account."),
        ("4798", "A user's local group membership was enumerated."),
        ("4799", "A security-enabled local group membership was enumerated."),
        ("5136", "A directory service object was modified."),
        ("5140", "A network share object was accessed."),
        ("5145", "A network share object was checked to see whether client can be granted desired access."),
        ("5156", "The Windows Filtering Platform has allowed a connection."),
        ("5158", "The Windows Filtering Platform has permitted a bind to a local port."),
    ];
    let title = TITLES.iter().find(|(id, _)| *id == event_id);
    title.map_or_else(|| event_id.to_string(), |(id, title)| format!("{id} - {title}"))
}
