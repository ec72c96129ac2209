use super::prelude::*;
use super::{dynamics, user_agent, user_device};
use std::collections::HashMap;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_user_agent",
    signatures: &["(user_agent: string, look_for?: string|array) -> dynamic"],
    summary: "A bag of what a user agent tells: `Browser`, `OperatingSystem` and `Device`, each with its `Family` and the \
              parts of its version, or brand and model. `look_for` says which, as \"browser\", \"os\", \"device\" or an array \
              of these; all when left out. A family that is not known is `Other`; null when the text is empty.",
    examples: &[
        (
            "print parse_user_agent('Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1', 'browser').Browser.Family",
            "AdobeAIR",
        ),
        (
            "print parse_user_agent('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36', 'os').OperatingSystem.MajorVersion",
            "10",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = args.str(0);
    let constant = args.opt(1).is_none_or(|arg| arg.constant).then(|| Wanted::of(args, 0)).transpose()?;
    // The same few programs send most requests of a log.
    let mut known: HashMap<(Wanted, &str), String> = HashMap::new();
    let mut failure = None;
    let column = args.written(|row, out| {
        let text = text.get(row);
        let wanted = match constant {
            Some(wanted) => Ok(wanted),
            None => Wanted::of(args, row),
        };
        match wanted {
            Ok(wanted) if !text.is_empty() => {
                let told = known
                    .entry((wanted, text))
                    .or_insert_with(|| wanted.describe(&user_agent::with_spaces(text)).to_json());
                out.push_str(told);
                true
            }
            Ok(_) => false,
            Err(error) => {
                failure = Some(error);
                false
            }
        }
    });
    failure.map_or(Ok(column), Err)
}

/// Which of the parts are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Wanted {
    browser: bool,
    os: bool,
    device: bool,
}

impl Wanted {
    fn of(args: &Args, row: usize) -> Result<Wanted, EvalError> {
        let Some(arg) = args.opt(1) else { return Ok(Wanted { browser: true, os: true, device: true }) };
        let names: Vec<String> = match dynamics::array(arg, row) {
            Some(items) => items.into_iter().map(|item| raw::text(item).into_owned()).collect(),
            None => vec![dynamics::text(arg, row).into_owned()],
        };
        let mut wanted = Wanted::default();
        for name in names {
            match name.to_ascii_lowercase().as_str() {
                "browser" => wanted.browser = true,
                "os" => wanted.os = true,
                "device" => wanted.device = true,
                _ => {
                    let message =
                        format!("`parse_user_agent()` looks for \"browser\", \"os\" or \"device\", not `{name}`");
                    return Err(EvalError::new(message));
                }
            }
        }
        Ok(wanted)
    }

    fn describe(self, ua: &str) -> Dynamic {
        let bag = |members: &[(&str, &str)]| {
            let member = |(name, value): &(&str, &str)| (name.to_string(), Dynamic::String(value.to_string()));
            Dynamic::Bag(members.iter().map(member).collect())
        };
        let mut parts = Vec::new();
        if self.browser {
            let user_agent::Software { family, version: [major, minor, patch, _] } = user_agent::browser(ua);
            let members =
                [("Family", &*family), ("MajorVersion", &*major), ("MinorVersion", &*minor), ("Patch", &*patch)];
            parts.push(("Browser".to_string(), bag(&members)));
        }
        if self.os {
            let user_agent::Software { family, version: [major, minor, patch, patch_minor] } = user_agent::system(ua);
            let members = [
                ("Family", &*family),
                ("MajorVersion", &*major),
                ("MinorVersion", &*minor),
                ("Patch", &*patch),
                ("PatchMinor", &*patch_minor),
            ];
            parts.push(("OperatingSystem".to_string(), bag(&members)));
        }
        if self.device {
            let user_device::Device { family, brand, model } = user_device::device(ua);
            parts.push(("Device".to_string(), bag(&[("Family", &*family), ("Brand", &*brand), ("Model", &*model)])));
        }
        Dynamic::Bag(parts)
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn gives_the_documented_shape() {
        let air = s("Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1");
        assert_eq!(
            json_of("parse_user_agent", &[air, s("browser")]),
            r#"{"Browser":{"Family":"AdobeAIR","MajorVersion":"2","MinorVersion":"5","Patch":"1"}}"#
        );
        let nokia = s(
            "Mozilla/5.0 (SymbianOS/9.2; U; Series60/3.1 NokiaN81-3/10.0.032 Profile/MIDP-2.0 Configuration/CLDC-1.1 ) AppleWebKit/413 (KHTML, like Gecko) Safari/4",
        );
        assert_eq!(
            json_of("parse_user_agent", &[nokia.clone(), d(r#"["browser","os","device"]"#)]),
            r#"{"Browser":{"Family":"Nokia OSS Browser","MajorVersion":"3","MinorVersion":"1","Patch":""},"OperatingSystem":{"Family":"Symbian OS","MajorVersion":"9","MinorVersion":"2","Patch":"","PatchMinor":""},"Device":{"Family":"Nokia N81","Brand":"Nokia","Model":"N81-3"}}"#
        );
        assert_eq!(
            json_of("parse_user_agent", std::slice::from_ref(&nokia)),
            json_of("parse_user_agent", &[nokia.clone(), d(r#"["os","device","browser"]"#)])
        );
        assert_eq!(json_of("parse_user_agent", &[s(""), s("os")]), "null");
        let wrong = crate::call("parse_user_agent", KqlType::Dynamic, &[nokia, s("engine")]);
        assert!(wrong.is_err_and(|error| error.to_string().contains("`engine`")));
    }

    /// Families and versions of browser, system and device in one line.
    fn told(ua: &str) -> String {
        let Ok(Value::Dynamic(found)) = crate::call("parse_user_agent", KqlType::Dynamic, &[s(ua)]) else {
            return String::new();
        };
        let part = |part: &str, names: &[&str]| {
            let texts: Vec<String> = names
                .iter()
                .filter_map(|name| Some(Value::Dynamic(found.member(part)?.member(name)?.clone()).to_text()))
                .filter(|text| !text.is_empty())
                .collect();
            texts.join(".")
        };
        [
            part("Browser", &["Family", "MajorVersion", "MinorVersion"]),
            part("OperatingSystem", &["Family", "MajorVersion", "MinorVersion"]),
            part("Device", &["Family", "Brand"]),
        ]
        .join(" | ")
    }

    #[test]
    fn knows_what_traffic_is_made_of() {
        for (ua, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                "Chrome.120.0 | Windows.10 | Other",
            ),
            (
                "Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
                "Edge.120.0 | Windows.8.1 | Other",
            ),
            ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE.11.0 | Windows.10 | Other"),
            ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", "IE.8.0 | Windows.XP | Other"),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
                "Firefox.121.0 | Ubuntu | Other",
            ),
            (
                "Mozilla/5.0 (Android 13; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0",
                "Firefox Mobile.121.0 | Android.13 | Generic Smartphone.Generic",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
                "Safari.17.2 | Mac OS X.10.15 | Mac.Apple",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
                "Mobile Safari.17.2 | iOS.17.2 | iPhone.Apple",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1",
                "Chrome Mobile iOS.120.0 | iOS.16.6 | iPad.Apple",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
                "Chrome Mobile.112.0 | Android.13 | Samsung SM-S901B.Samsung",
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; Pixel 2 XL Build/PPP5.180610.010; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/68.0.3440.85 Mobile Safari/537.36",
                "Chrome Mobile WebView.68.0 | Android.9 | Pixel 2 XL.Google",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
                "Samsung Internet.23.0 | Android.10 | K.Generic_Android",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
                "Chrome.119.0 | Chrome OS.14541.0 | Other",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 OPR/105.0.0.0",
                "Opera.105.0 | Windows.10 | Other",
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "Googlebot.2.1 | Other | Spider.Spider",
            ),
            (
                "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
                "AhrefsBot.7.0 | Other | Spider.Spider",
            ),
            ("curl/7.88.1", "curl.7.88 | Other | Other"),
            ("python-requests/2.31.0", "Python Requests.2.31 | Other | Other"),
            (
                "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17029; Pro)",
                "Outlook.2016 | Windows.10 | Other",
            ),
            (
                "Mozilla/5.0+(Macintosh;+Intel+Mac+OS+X+10_11_6)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/52.0.2743.116+Safari/537.36",
                "Chrome.52.0 | Mac OS X.10.11 | Mac.Apple",
            ),
            (
                "Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)",
                "IE Mobile.10.0 | Windows Phone.8.0 | Lumia 920.Nokia",
            ),
            ("ünïcode bøt/1 ☃bot spiderü", "bot | Other | Spider.Spider"),
            ("-", "Other | Other | Other"),
        ] {
            assert_eq!(told(ua), expected, "{ua}");
        }
    }
}
