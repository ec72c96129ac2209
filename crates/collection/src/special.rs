//! Functions that only transformations have, as stored functions over those of KQL.

use kql::catalog::StoredFunction;

/// Returns the functions of transformations.
pub(crate) fn functions() -> Vec<StoredFunction> {
    let function = |name: &str, parameters: &str, body: &str| StoredFunction {
        name: name.to_string(),
        parameters: parameters.to_string(),
        body: body.to_string(),
    };
    vec![
        function("parse_cef_dictionary", "(message:string)", PARSE_CEF),
        function("geo_location", "(ip:string)", GEO_LOCATION),
    ]
}

/// The members of a CEF message by the names that the standard gives them; its extension is a bag of its own. A value ends where the
/// next key begins, so that it may hold blanks.
///
/// # Source
/// Micro Focus, "Common Event Format", version 25: header and extension fields.
const PARSE_CEF: &str = r#"
    let text = extract(@'CEF:.*', 0, message);
    let head = extract_all(@'((?:[^|\\]|\\.)*)\|', extract(@'^CEF:((?:(?:[^|\\]|\\.)*\|){7})', 1, text));
    let extension = extract(@'^CEF:(?:(?:[^|\\]|\\.)*\|){7}(.*)$', 1, text);
    let marked = replace_regex(strcat(' ', extension), @'\s+([A-Za-z0-9_.\[\]-]+)=', strcat(unicode_codepoints_to_string(30), @'\1', unicode_codepoints_to_string(31)));
    let keys = extract_all(@'\x1e([^\x1f]*)\x1f', marked);
    let values = extract_all(@'\x1f([^\x1e]*)', marked);
    iff(array_length(head) != 7, dynamic(null), bag_pack(
        'CEFVersion', head[0], 'DeviceVendor', head[1], 'DeviceProduct', head[2], 'DeviceVersion', head[3],
        'DeviceEventClassID', head[4], 'Name', head[5], 'Severity', head[6], 'Extension', bag_zip(keys, values)))
"#;

/// What is known of where an address is, under the names that Azure gives it.
const GEO_LOCATION: &str = r#"
    let found = geo_info_from_ip_address(ip);
    iff(isnull(found), dynamic(null), bag_pack(
        'country', found.country, 'region', found.country, 'state', found.state, 'city', found.city,
        'latitude', found.latitude, 'longitude', found.longitude))
"#;
