use super::prelude::*;
use maxminddb::{Reader, geoip2};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_info_from_ip_address",
    signatures: &["(ip: string) -> dynamic"],
    summary: "A bag of what a MaxMind database of cities knows about an IPv4 or IPv6 address: `country`, `state`, `city`, \
              `latitude`, `longitude`, as far as they are known. Null when the text is no address or the database does not \
              know it. Which database is read is a setting; without one the call fails.",
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some(path) = &args.ctx.geo_database else {
        return Err(EvalError::new(
            "`geo_info_from_ip_address()` needs a MaxMind database of cities, such as GeoLite2-City.mmdb: \
             give its path in the setting `geo_database`",
        ));
    };
    let database = open(path)?;
    let ip = args.str(0);
    let mut failure = None;
    let column = args.dynamics(|row| {
        let address: IpAddr = ip.get(row).trim().parse().ok()?;
        look_up(&database, address).unwrap_or_else(|error| {
            failure = Some(error);
            None
        })
    });
    match failure {
        Some(error) => Err(unreadable(path, &error.to_string())),
        None => Ok(column),
    }
}

type Database = Arc<Reader<Vec<u8>>>;

/// A database that was read, and what its file was like then.
struct Opened {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
    database: Database,
}

/// The database read last: it is some 60 MB, and calls come a batch at a time. A file that was replaced is read anew.
static OPENED: Mutex<Option<Opened>> = Mutex::new(None);

fn open(path: &Path) -> Result<Database, EvalError> {
    let file = std::fs::metadata(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let (modified, bytes) = (file.modified().ok(), file.len());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = opened.as_ref()
        && known.path == path
        && known.modified == modified
        && known.bytes == bytes
    {
        return Ok(known.database.clone());
    }
    let database = Reader::open_readfile(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let database = Arc::new(database);
    *opened = Some(Opened { path: path.to_path_buf(), modified, bytes, database: database.clone() });
    Ok(database)
}

fn unreadable(path: &Path, why: &str) -> EvalError {
    EvalError::new(format!("the MaxMind database `{}` cannot be read: {why}", path.display()))
}

fn look_up(database: &Reader<Vec<u8>>, address: IpAddr) -> Result<Option<Dynamic>, maxminddb::MaxMindDbError> {
    if address.is_ipv6() && database.metadata().ip_version == 4 {
        return Ok(None);
    }
    let Some(city) = database.lookup(address)?.decode::<geoip2::City>()? else { return Ok(None) };
    let text = |text: Option<&str>| text.map(|text| Dynamic::String(text.to_string()));
    let members = [
        ("country", text(city.country.names.english)),
        ("state", text(city.subdivisions.first().and_then(|state| state.names.english))),
        ("city", text(city.city.names.english)),
        ("latitude", city.location.latitude.map(Dynamic::from_real)),
        ("longitude", city.location.longitude.map(Dynamic::from_real)),
    ];
    let known: Vec<_> = members.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect();
    Ok((!known.is_empty()).then_some(Dynamic::Bag(known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::CallContext;

    /// A value of a database's data section.
    enum Data {
        Text(&'static str),
        Real(f64),
        /// A whole number in that many bytes: 2, 4 or 8.
        Number(usize, u32),
        List(Vec<Data>),
        Map(Vec<(&'static str, Data)>),
    }

    impl Data {
        /// Appends the value in MaxMind's format: a byte of type and size, then the value.
        fn write(&self, out: &mut Vec<u8>) {
            let head = |out: &mut Vec<u8>, kind: u8, size: usize| {
                let size = u8::try_from(size).expect("a short value");
                assert!(size < 29, "longer sizes need a second byte");
                if kind < 8 { out.push(kind << 5 | size) } else { out.extend([size, kind - 7]) }
            };
            match self {
                Data::Text(text) => {
                    head(out, 2, text.len());
                    out.extend(text.bytes());
                }
                Data::Real(value) => {
                    head(out, 3, 8);
                    out.extend(value.to_be_bytes());
                }
                Data::Number(bytes, value) => {
                    head(
                        out,
                        if *bytes == 2 {
                            5
                        } else if *bytes == 4 {
                            6
                        } else {
                            9
                        },
                        *bytes,
                    );
                    out.extend(&u64::from(*value).to_be_bytes()[8 - bytes..]);
                }
                Data::List(items) => {
                    head(out, 11, items.len());
                    items.iter().for_each(|item| item.write(out));
                }
                Data::Map(members) => {
                    head(out, 7, members.len());
                    for (name, value) in members {
                        Data::Text(name).write(out);
                        value.write(out);
                    }
                }
            }
        }
    }

    /// Writes a database of IPv6 form that knows the networks, each given by its first bits.
    fn database(networks: &[(u128, u32, Data)]) -> Vec<u8> {
        // Records point to a node, to a value past all nodes, or (the number of nodes) to nothing.
        #[derive(Clone, Copy)]
        enum Record {
            Nothing,
            Node(usize),
            Value(usize),
        }
        let mut nodes = vec![[Record::Nothing; 2]];
        let mut data = Vec::new();
        for (address, prefix, value) in networks {
            let mut node = 0;
            for depth in 0..*prefix {
                let bit = (address >> (127 - depth) & 1) as usize;
                if depth + 1 == *prefix {
                    nodes[node][bit] = Record::Value(data.len());
                } else if let Record::Node(next) = nodes[node][bit] {
                    node = next;
                } else {
                    nodes.push([Record::Nothing; 2]);
                    nodes[node][bit] = Record::Node(nodes.len() - 1);
                    node = nodes.len() - 1;
                }
            }
            value.write(&mut data);
        }
        let mut out = Vec::new();
        for record in nodes.iter().flatten() {
            let number = match record {
                Record::Nothing => nodes.len(),
                Record::Node(node) => *node,
                Record::Value(offset) => nodes.len() + 16 + offset,
            };
            out.extend(&u32::try_from(number).expect("a small tree").to_be_bytes()[1..]);
        }
        out.extend([0; 16]);
        out.extend(data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        Data::Map(vec![
            ("binary_format_major_version", Data::Number(2, 2)),
            ("binary_format_minor_version", Data::Number(2, 0)),
            ("build_epoch", Data::Number(8, 1)),
            ("database_type", Data::Text("Test-City")),
            ("description", Data::Map(vec![])),
            ("ip_version", Data::Number(2, 6)),
            ("languages", Data::List(vec![])),
            ("node_count", Data::Number(4, nodes.len() as u32)),
            ("record_size", Data::Number(2, 24)),
        ])
        .write(&mut out);
        out
    }

    fn info(ips: &[&str], geo_database: Option<PathBuf>) -> Result<Vec<String>, EvalError> {
        let values = ips.iter().map(|ip| Value::String(ip.to_string()));
        let arg = Arg { array: array_of(KqlType::String, values), ktype: KqlType::String, constant: false };
        let ctx = CallContext { geo_database, ..CallContext::default() };
        let args = Args { args: &[arg], rows: ips.len(), returns: KqlType::Dynamic, ctx: &ctx };
        let column = eval(&args)?;
        Ok((0..ips.len()).map(|row| value_at(&column, KqlType::Dynamic, row).to_text()).collect())
    }

    #[test]
    fn reads_the_database_that_the_setting_names() {
        let named = |name: &'static str| Data::Map(vec![("names", Data::Map(vec![("en", Data::Text(name))]))]);
        let sydney = Data::Map(vec![
            ("country", named("Australia")),
            ("subdivisions", Data::List(vec![named("New South Wales")])),
            ("city", named("Sydney")),
            ("location", Data::Map(vec![("latitude", Data::Real(-33.8715)), ("longitude", Data::Real(151.2006))])),
        ]);
        let ireland = Data::Map(vec![("country", named("Ireland"))]);
        let networks = [(0x1435_CB00_u128, 120, sydney), (0x2a03_2880_u128 << 96, 32, ireland)];
        let path = std::env::temp_dir().join(format!("geo_info_{}.mmdb", std::process::id()));
        std::fs::write(&path, database(&networks)).expect("a temporary file");
        let found = info(&["20.53.203.50", "2a03:2880:f12c::25de", "10.0.0.1", "nonsense", ""], Some(path.clone()));
        let sydney = r#"{"country":"Australia","state":"New South Wales","city":"Sydney","latitude":-33.8715,"longitude":151.2006}"#;
        assert_eq!(found, Ok(vec![sydney.into(), r#"{"country":"Ireland"}"#.into(), "".into(), "".into(), "".into()]));

        std::fs::write(&path, b"no database").expect("a temporary file");
        assert!(
            info(&["1.1.1.1"], Some(path.clone())).is_err_and(|error| error.to_string().contains("cannot be read"))
        );
        std::fs::remove_file(&path).expect("the file made above");
        assert!(info(&["1.1.1.1"], Some(path)).is_err_and(|error| error.to_string().contains("cannot be read")));
        assert!(info(&["1.1.1.1"], None).is_err_and(|error| error.to_string().contains("`geo_database`")));
    }
}
