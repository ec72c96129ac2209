use super::lookup;
use super::prelude::*;
use crate::scalar::ip::{Compatible, Network};

pub static PLUGIN: Plugin = Plugin {
    name: "ipv6_lookup",
    usage: "ipv6_lookup(LookupTable, SourceIPv6Key, IPv6LookupKey, [return_unmatched])",
    summary: "Joins each row with the rows of a table whose IPv6 or IPv4 network (`2001:db8::/32`, or an address) holds the \
              row's address. Rows without a match are left out, or kept with nulls when return_unmatched.",
    examples: &[(
        "let networks = datatable(network:string, name:string) ['2001:db8::/32', 'office']; datatable(ip:string) ['2001:db8::1'] | evaluate ipv6_lookup(networks, ip, network) | project name",
        "office",
    )],
    arity: (3, 4),
    columns: |shape| lookup::columns(PLUGIN.name, shape.inputs, shape.args).map(Some),
    run: Ok(|call| lookup::run(PLUGIN.name, call, |text| Network::parse_v6(text, Compatible::Mapped))),
    ..Plugin::DEFAULT
};

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn addresses_of_the_reference() {
        let networks = table(
            "network:string country_name:string",
            &[["2001:0db8:85a3::/48", "United States"], ["2404:6800:4001::/48", "Japan"], ["10.0.0.0/8", "v4"]],
        );
        let addresses = table(
            "ip:string",
            &[["2001:0db8:85a3:0000:0000:8a2e:0370:7334"], ["a5e:f127:8a9d:146d:e102:b5d3:c755:abcd"], ["10.1.2.3"]],
        );
        let inputs = [addresses, networks];
        let mut args = vec![PluginArg::Table(1), PluginArg::Column(0), PluginArg::Column(0)];
        let (heading, found) = result(&PLUGIN, &inputs, &args);
        assert_eq!(heading, "ip:string network:string country_name:string");
        let first = ["2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:0db8:85a3::/48", "United States"];
        assert_eq!((found.len(), &found[0][..]), (2, &first.map(String::from)[..]));
        args.push(constant(KqlType::Bool, "true"));
        assert_eq!(result(&PLUGIN, &inputs, &args).1[1], ["a5e:f127:8a9d:146d:e102:b5d3:c755:abcd", "", ""]);
    }
}
