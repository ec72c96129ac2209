//! `NTANetAnalytics`: network flows, as a Parquet file with typed columns.

use super::{Output, Sink};
use crate::company::{Company, any_moment, clock};
use crate::dice::Dice;
use crate::story::Story;
use crate::truth::Planted;
use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use schema::ticks::{MICROSECOND, MINUTE, SECOND, UNIX_EPOCH};
use std::io;
use std::sync::Arc;

/// Flows a day at scale 1.
const PER_DAY: f64 = 2600.0;

const SERVERS: [(&str, &str); 5] = [
    ("vm-bastion01", "10.20.1.4"),
    ("vm-app01", "10.20.2.11"),
    ("vm-app02", "10.20.2.14"),
    ("vm-db01", "10.20.3.8"),
    ("vm-proxy01", "10.20.1.9"),
];
const PORTS: [(i32, &str, u32); 5] =
    [(443, "https", 60), (1433, "ms-sql-s", 15), (53, "dns", 12), (22, "ssh", 5), (8080, "http-alt", 8)];

/// A flow of some minutes.
struct Flow {
    at: i64,
    source: (&'static str, String),
    destination: (&'static str, String),
    port: (i32, &'static str),
    is_allowed: bool,
    bytes_out: i64,
    bytes_in: i64,
}

impl Flow {
    fn is_outbound(&self) -> bool {
        !self.source.0.is_empty() && self.destination.0.is_empty()
    }

    fn flow_type(&self) -> &'static str {
        match (self.source.0.is_empty(), self.destination.0.is_empty(), self.is_allowed) {
            (false, false, _) => "IntraVNet",
            (true, _, false) => "MaliciousFlow",
            _ => "ExternalPublic",
        }
    }
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer: Option<ArrowWriter<Sink<'_>>> = None;
    let mut out = Some(out);
    let (mut rows, mut bytes_sent) = (0, 0);
    for day in company.days() {
        let mut flows: Vec<Flow> =
            (0..company.machine_count(&mut dice, PER_DAY)).map(|_| usual_flow(&mut dice, day)).collect();
        if day == story.upload_day {
            bytes_sent = plant_upload(story, &mut dice, &mut flows);
        }
        flows.sort_by_key(|flow| flow.at);
        rows += flows.len() as u64;
        let batch = batch(company, &flows).map_err(io::Error::other)?;
        if let Some(out) = out.take() {
            writer =
                Some(ArrowWriter::try_new(out, batch.schema(), Some(properties.clone())).map_err(io::Error::other)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch).map_err(io::Error::other)?;
        }
    }
    if let Some(writer) = writer {
        writer.close().map_err(io::Error::other)?;
    }
    let planted = Planted::new(
        "upload-by-night",
        "NTANetAnalytics",
        format!("vm-app02 sends gigabytes by night to {}, which guessed SSH passwords before.", story.ssh_address),
        &[("SrcVm", "vm-app02"), ("DestIp", story.ssh_address), ("Bytes", &bytes_sent.to_string())],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_flow(dice: &mut Dice, day: i64) -> Flow {
    let at = any_moment(dice, day);
    let (server, address) = dice.pick(&SERVERS).copied().unwrap_or(SERVERS[0]);
    let own = (server, address.to_string());
    let port = dice.weighted(PORTS.iter().map(|(.., weight)| *weight));
    let (port, protocol, _) = PORTS.get(port).copied().unwrap_or(PORTS[0]);
    let stranger = ("", format!("198.51.100.{}", dice.between(2, 250)));
    let (source, destination, is_allowed) = match dice.weighted([55, 30, 15].into_iter()) {
        0 => {
            let (peer, peer_address) = dice.pick(&SERVERS).copied().unwrap_or(SERVERS[1]);
            (own, (peer, peer_address.to_string()), true)
        }
        1 => (own, ("", format!("203.0.113.{}", dice.between(2, 250))), true),
        _ => (stranger, own, dice.chance(0.2)),
    };
    // What is denied carries nothing.
    let weight = if is_allowed { dice.between(200, 60_000) * dice.between(1, 40) } else { 0 };
    Flow {
        at,
        source,
        destination,
        port: (port, protocol),
        is_allowed,
        bytes_out: weight,
        bytes_in: weight * dice.between(1, 6),
    }
}

/// Adds large flows between 02:00 and 02:50 and returns the bytes that left.
fn plant_upload(story: &Story, dice: &mut Dice, flows: &mut Vec<Flow>) -> i64 {
    let (server, address) = SERVERS[2];
    let mut bytes = 0;
    for i in 0..24 {
        let bytes_out = dice.between(1_200_000_000, 2_400_000_000);
        bytes += bytes_out;
        flows.push(Flow {
            at: clock(story.upload_day, 2, 2 * i, dice.between(0, 60)),
            source: (server, address.to_string()),
            destination: ("", story.ssh_address.to_string()),
            port: (443, "https"),
            is_allowed: true,
            bytes_out,
            bytes_in: bytes_out / 400,
        });
    }
    bytes
}

fn batch(company: &Company, flows: &[Flow]) -> Result<RecordBatch, ArrowError> {
    let times = |of: fn(&Flow) -> i64| -> ArrayRef {
        let micros = flows.iter().map(|flow| (of(flow) - UNIX_EPOCH) / MICROSECOND);
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    };
    let texts = |of: fn(&Flow) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(flows.iter().map(of))) };
    let longs = |of: fn(&Flow) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(flows.iter().map(of))) };
    let fixed = |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(flows.iter().map(|_| text))) };
    let ports: ArrayRef = Arc::new(Int32Array::from_iter_values(flows.iter().map(|flow| flow.port.0)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("TimeGenerated", times(|flow| flow.at)),
        ("SubType", fixed("FlowLog")),
        ("FaSchemaVersion", fixed("3")),
        ("FlowStartTime", times(|flow| flow.at - 5 * MINUTE)),
        ("FlowEndTime", times(|flow| flow.at - SECOND)),
        ("FlowType", texts(Flow::flow_type)),
        ("FlowDirection", texts(|flow| if flow.is_outbound() { "Outbound" } else { "Inbound" })),
        ("FlowStatus", texts(|flow| if flow.is_allowed { "Allowed" } else { "Denied" })),
        ("SrcIp", texts(|flow| &flow.source.1)),
        ("SrcVm", texts(|flow| flow.source.0)),
        ("DestIp", texts(|flow| &flow.destination.1)),
        ("DestVm", texts(|flow| flow.destination.0)),
        ("DestPort", ports),
        ("L4Protocol", texts(|flow| if flow.port.0 == 53 { "U" } else { "T" })),
        ("L7Protocol", texts(|flow| flow.port.1)),
        ("AclRule", texts(|flow| if flow.is_allowed { "allow-known" } else { "deny-all" })),
        ("AzureRegion", fixed("westeurope")),
        ("BytesSrcToDest", longs(|flow| flow.bytes_out)),
        ("BytesDestToSrc", longs(|flow| flow.bytes_in)),
        ("PacketsSrcToDest", longs(|flow| flow.bytes_out / 1200 + 1)),
        ("PacketsDestToSrc", longs(|flow| flow.bytes_in / 1200)),
        ("TenantId", fixed(&company.tenant_id)),
        ("Type", fixed("NTANetAnalytics")),
    ];
    RecordBatch::try_from_iter(columns)
}
