use super::lookup;
use super::prelude::*;
use crate::scalar::ip::Network;

pub static PLUGIN: Plugin = Plugin {
    name: "ipv4_lookup",
    usage: "ipv4_lookup(LookupTable, SourceIPv4Key, IPv4LookupKey, [ExtraKey, ...], [return_unmatched])",
    summary: "Joins each row with the rows of a table whose IPv4 network (`10.1.0.0/16`, or an address) holds the row's \
              address. Extra keys are columns of both tables that must be equal. Rows without a match are left out, or \
              kept with nulls when return_unmatched.",
    examples: &[(
        "let networks = datatable(network:string, name:string) ['10.1.0.0/16', 'office']; datatable(ip:string) ['10.1.2.3'] | evaluate ipv4_lookup(networks, ip, network) | project name",
        "office",
    )],
    arity: (3, usize::MAX),
    columns: |shape| lookup::columns(PLUGIN.name, shape.inputs, shape.args).map(Some),
    run: Ok(|call| lookup::run(PLUGIN.name, call, Network::parse_v4)),
    ..Plugin::DEFAULT
};

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn addresses_of_the_reference() {
        let networks = table(
            "network:string continent_code:string ip:long",
            &[
                ["111.68.128.0/17", "AS", "1"],
                ["5.8.0.0/19", "EU", "2"],
                ["46.36.200.51/32", "OC", "3"],
                ["2.20.183.0/24", "EU", "4"],
                ["2.0.0.0/8", "XX", "5"],
                ["no network", "YY", "6"],
            ],
        );
        let addresses = table(
            "ip:string continent_code:string",
            &[["2.20.183.12", "EU"], ["5.8.1.2", ""], ["192.165.12.17", "EU"], ["", "EU"], ["2.20.0.0/16", "XX"]],
        );
        let inputs = [addresses, networks];
        let keys = [PluginArg::Table(1), PluginArg::Column(0), PluginArg::Column(0)];
        let (heading, found) = result(&PLUGIN, &inputs, &keys);
        assert_eq!(heading, "ip:string continent_code:string network:string continent_code1:string ip1:long");
        let expected = "2.20.183.12|EU|2.20.183.0/24|EU|4 \n 2.20.183.12|EU|2.0.0.0/8|XX|5 \n \
                        5.8.1.2||5.8.0.0/19|EU|2 \n 2.20.0.0/16|XX|2.0.0.0/8|XX|5";
        assert_eq!(found, rows(expected));
        let keep = PluginArg::Named("return_unmatched".into(), Box::new(constant(KqlType::Bool, "true")));
        let args: Vec<PluginArg> = keys.iter().cloned().chain([PluginArg::Column(1), keep]).collect();
        let (heading, found) = result(&PLUGIN, &inputs, &args);
        assert_eq!(heading, "ip:string continent_code:string network:string ip1:long");
        let expected = "2.20.183.12|EU|2.20.183.0/24|4 \n 5.8.1.2|||null \n 192.165.12.17|EU||null \n |EU||null \n \
                        2.20.0.0/16|XX|2.0.0.0/8|5";
        assert_eq!(found, rows(expected));
        assert_ne!(failure(&PLUGIN, &inputs, &[PluginArg::Column(0)]), "");
        assert_ne!(failure(&PLUGIN, &inputs, &[PluginArg::Table(1), PluginArg::Column(0), PluginArg::Column(2)]), "");
    }
}
