//! A guided tour: queries over the logs, from simple to advanced, each of which finds something that is planted.

/// A stop of the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub title: &'static str,
    /// Why one asks this, in a sentence.
    pub why: &'static str,
    pub query: &'static str,
    /// Name of the planted incident that the query finds.
    pub finds: &'static str,
}

/// Returns the stops in the order in which they are shown.
pub fn tour() -> &'static [Step] {
    &STEPS
}

const STEPS: [Step; 13] = [
    Step {
        title: "Failed sign-ins a day",
        why: "A first look: `summarize` by `bin` turns a log into a curve, and `render` draws it; one Sunday stands out.",
        query: r#"SigninLogs
| where ResultType != "0"
| summarize Failed = count() by bin(TimeGenerated, 1d)
| sort by TimeGenerated asc
| render timechart"#,
        finds: "failed-day",
    },
    Step {
        title: "A password spray and its one success",
        why: "Many accounts that fail from one address within an hour are a spray; the join says who gave in.",
        query: r#"let Sprays = SigninLogs
    | where ResultType in ("50126", "50053")
    | summarize Failures = count(), Accounts = dcount(UserPrincipalName) by IPAddress, Hour = bin(TimeGenerated, 1h)
    | where Accounts >= 20 and Failures > 2 * Accounts;
SigninLogs
| where ResultType == "0"
| join kind=inner Sprays on IPAddress
| where TimeGenerated between (Hour .. 2h)
| project TimeGenerated, UserPrincipalName, IPAddress, ClientAppUsed, AppDisplayName, Failures, Accounts"#,
        finds: "password-spray",
    },
    Step {
        title: "A rule that forwards mail to the outside",
        why: "Whoever takes over a mailbox likes to be kept informed; `parse` takes the address out of the rule's text.",
        query: r#"OfficeActivity
| where Operation in ("New-InboxRule", "Set-InboxRule") and Parameters has "ForwardTo"
| parse Parameters with * '"Name":"ForwardTo","Value":"' ForwardTo '"' *
| project TimeGenerated, UserId, ClientIP, Operation, ForwardTo"#,
        finds: "forwarding-rule",
    },
    Step {
        title: "Impossible travel",
        why: "Two sign-ins of one person, further apart than an aeroplane flies: `prev` looks at the row before, \
              `geo_distance_2points` measures.",
        query: r#"SigninLogs
| where ResultType == "0" and UserType == "Member"
| project TimeGenerated, UserPrincipalName, IPAddress,
    To = tostring(LocationDetails.city),
    Latitude = toreal(LocationDetails.geoCoordinates.latitude),
    Longitude = toreal(LocationDetails.geoCoordinates.longitude)
| sort by UserPrincipalName asc, TimeGenerated asc
| extend From = prev(To),
    Kilometres = geo_distance_2points(prev(Longitude), prev(Latitude), Longitude, Latitude) / 1000,
    Hours = (TimeGenerated - prev(TimeGenerated)) / 1h
| where UserPrincipalName == prev(UserPrincipalName)
| where Kilometres > 500 and Kilometres > 1000 * Hours
| project TimeGenerated, UserPrincipalName, From, To, IPAddress, Kilometres = round(Kilometres), Hours = round(Hours, 2)"#,
        finds: "impossible-travel",
    },
    Step {
        title: "An hour with too many downloads",
        why: "Days and weeks have their rhythm; `series_decompose_anomalies` takes it out and keeps what does not fit.",
        query: r#"let Start = toscalar(OfficeActivity | summarize startofday(min(TimeGenerated)));
let End = toscalar(OfficeActivity | summarize max(TimeGenerated));
OfficeActivity
| where Operation == "FileDownloaded"
| make-series Downloads = count() default = 0 on TimeGenerated from Start to End step 1h
| extend (Anomaly, Score, Expected) = series_decompose_anomalies(Downloads, 5.0)
| mv-expand TimeGenerated to typeof(datetime), Downloads to typeof(long), Anomaly to typeof(long),
    Score to typeof(real), Expected to typeof(real)
| where Anomaly > 0
| top 5 by Score desc
| project TimeGenerated, Downloads, Expected = round(Expected, 1), Score = round(Score, 1)"#,
        finds: "download-peak",
    },
    Step {
        title: "Who downloads most, site by site",
        why: "`top-nested` ranks within ranks: for each site its most eager reader.",
        query: r#"OfficeActivity
| where Operation == "FileDownloaded"
| top-nested of Site_Url by Downloads = count(), top-nested 1 of UserId by TheirDownloads = count()
| sort by TheirDownloads desc"#,
        finds: "mass-download",
    },
    Step {
        title: "Roles given outside working hours",
        why: "Changes of the directory hold lists within lists; `mv-expand` makes rows of them.",
        query: r#"AuditLogs
| where OperationName == "Add member to role" and Result == "success"
| mv-expand Target = TargetResources
| where Target.type == "User"
| mv-expand Property = Target.modifiedProperties
| where Property.displayName == "Role.DisplayName"
| where dayofweek(TimeGenerated) in (0d, 6d) or hourofday(TimeGenerated) !between (6 .. 19)
| project TimeGenerated,
    Actor = tostring(InitiatedBy.user.userPrincipalName),
    Address = tostring(InitiatedBy.user.ipAddress),
    Member = tostring(Target.userPrincipalName),
    Role = trim('"', tostring(Property.newValue))"#,
        finds: "role-by-night",
    },
    Step {
        title: "Who removed the logging",
        why: "Whoever hides something begins with the logs; `bag_unpack` makes columns of what was authorised.",
        query: r#"AzureActivity
| where OperationNameValue =~ "Microsoft.Insights/diagnosticSettings/delete" and ActivityStatusValue == "Success"
| project TimeGenerated, Caller, CallerIpAddress, Authorization = parse_json(Authorization)
| evaluate bag_unpack(Authorization, "Auth_")
| summarize Removed = count(), Role = take_any(Auth_role), Resources = make_set(split(Auth_scope, "/")[-1])
    by Caller, CallerIpAddress"#,
        finds: "logging-removed",
    },
    Step {
        title: "Blobs read from outside with a signature",
        why: "A shared access signature works for whoever holds it; the watchlist says which accounts matter.",
        query: r#"StorageBlobLogs
| where OperationName == "GetBlob" and AuthenticationType == "SAS"
| parse CallerIpAddress with Address ":" Port:int
| where not(ipv4_is_private(Address))
| summarize Blobs = count(), Bytes = sum(ResponseBodySize), First = min(TimeGenerated), Last = max(TimeGenerated)
    by AccountName, Address
| lookup kind=leftouter HighValueAssets on $left.AccountName == $right.Asset
| top 3 by Bytes desc
| project AccountName, Tier, Note, Address, Blobs, Bytes, Size = format_bytes(Bytes, 1), First, Last"#,
        finds: "sas-exfiltration",
    },
    Step {
        title: "Guessed SSH passwords",
        why: "Plain messages have no columns; `parse` finds the address, and a join says whether a guess was right.",
        query: r#"let Ssh = Syslog | where ProcessName == "sshd";
Ssh
| where SyslogMessage startswith "Failed password"
| parse SyslogMessage with * " from " Address " port " Port:int *
| summarize Attempts = count(), First = min(TimeGenerated) by Address
| where Attempts > 100
| join kind=leftouter (
    Ssh
    | where SyslogMessage startswith "Accepted password"
    | parse SyslogMessage with * " for " Account " from " Address " port " *
    | summarize arg_min(TimeGenerated, HostName, Account) by Address
    ) on Address
| project Address, Attempts, First, GotIn = TimeGenerated, HostName, Account"#,
        finds: "ssh-guessing",
    },
    Step {
        title: "What leaves by night",
        why: "Flows to the outside between midnight and five, by machine and address, with what is known of the address.",
        query: r#"let Guessers = Syslog
    | where SyslogMessage startswith "Failed password"
    | extend DestIp = extract(@"from ([\d.]+) port", 1, SyslogMessage)
    | summarize FailedLogons = count() by DestIp;
NTANetAnalytics
| where FlowDirection == "Outbound" and FlowStatus == "Allowed" and hourofday(TimeGenerated) < 5
| where not(ipv4_is_private(DestIp))
| summarize Bytes = sum(BytesSrcToDest), Flows = count(), Last = arg_max(TimeGenerated, DestPort) by SrcVm, DestIp
| top 5 by Bytes desc
| lookup kind=leftouter Guessers on DestIp
| project SrcVm, DestIp, DestPort, Bytes, Size = format_bytes(Bytes, 1), Flows, FailedLogons"#,
        finds: "upload-by-night",
    },
    Step {
        title: "An encoded command on a machine that matters",
        why: "`arg_max` keeps the last logon before the command, the watchlist says how much the machine matters.",
        query: r#"SecurityEvent
| where EventID == 4688 and CommandLine has "EncodedCommand"
| project StartedAt = TimeGenerated, Computer, Account, CommandLine
| join kind=inner (
    SecurityEvent
    | where EventID == 4624 and LogonType == 10
    | project LogonAt = TimeGenerated, Computer, Account, IpAddress
    ) on Computer, Account
| where LogonAt between (StartedAt - 1h .. StartedAt)
| summarize arg_max(LogonAt, IpAddress) by StartedAt, Computer, Account, CommandLine
| lookup kind=leftouter (_GetWatchlist("HighValueAssets")) on $left.Computer == $right.Asset
| project StartedAt, Computer, Tier, Account, IpAddress, Waited = StartedAt - LogonAt,
    Command = substring(CommandLine, 0, 60)"#,
        finds: "encoded-command",
    },
    Step {
        title: "Support that reads more than its ticket",
        why: "How many customer records someone reads a day, against what is usual for everybody.",
        query: r#"let Reads = Dynamics365Activity
    | where Message in ("Retrieve", "RetrieveMultiple")
    | summarize Records = count_distinct(EntityId), From = min(TimeGenerated), To = max(TimeGenerated)
        by UserId, Day = startofday(TimeGenerated);
let Usual = toscalar(Reads | summarize percentile(Records, 95));
Reads
| where Records > 10 * Usual
| extend Usual, IsVendor = UserId endswith "@larkfield.example"
| sort by Records desc"#,
        finds: "vendor-reads",
    },
];
