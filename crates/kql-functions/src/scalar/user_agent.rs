//! What a browser says about itself: tables of the names that programs and systems go by, tried in order. Devices are in
//! the module `user_device`.
//!
//! Kusto matches some thousand patterns of a public collection; this one knows the programs, systems and devices that make
//! up nearly all traffic and names them as that collection does. What it does not know is `Other`.

use std::borrow::Cow;

/// A program's or system's name and the parts of its version, empty where there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Software<'a> {
    pub family: Cow<'a, str>,
    pub version: [Cow<'a, str>; 4],
}

impl<'a> Software<'a> {
    fn new(family: impl Into<Cow<'a, str>>, version: &'a str) -> Software<'a> {
        let mut parts = [""; 4];
        for (part, text) in parts.iter_mut().zip(version.split(['.', '_'])) {
            *part = text;
        }
        Software { family: family.into(), version: parts.map(Cow::Borrowed) }
    }
}

/// Returns the user agent with spaces where a log has written `+` for them.
pub fn with_spaces(text: &str) -> Cow<'_, str> {
    if text.contains(' ') || !text.contains('+') { Cow::Borrowed(text) } else { Cow::Owned(text.replace('+', " ")) }
}

/// Crawlers, previewers and other robots: what they write, and their family.
const ROBOTS: &[(&str, &str)] = &[
    ("Googlebot-Image", "Googlebot-Image"),
    ("Googlebot-News", "Googlebot-News"),
    ("Googlebot-Video", "Googlebot-Video"),
    ("Googlebot-Mobile", "Googlebot-Mobile"),
    ("Googlebot", "Googlebot"),
    ("AdsBot-Google-Mobile", "AdsBot-Google-Mobile"),
    ("AdsBot-Google", "AdsBot-Google"),
    ("Mediapartners-Google", "Mediapartners-Google"),
    ("Google-InspectionTool", "Google-InspectionTool"),
    ("bingbot", "bingbot"),
    ("BingPreview", "BingPreview"),
    ("Yahoo! Slurp", "Yahoo! Slurp"),
    ("Baiduspider", "Baiduspider"),
    ("facebookexternalhit", "FacebookBot"),
    ("Slackbot-LinkExpanding", "Slackbot-LinkExpanding"),
    ("Slack-ImgProxy", "Slack-ImgProxy"),
    ("ia_archiver", "ia_archiver"),
    ("Nutch", "Nutch"),
];

/// Ends of words that name a robot.
const ROBOT_WORDS: &[&str] = &["bot", "spider", "crawler"];

/// Programs that name themselves, before any browser they are built on: what they write, and their family. Where the
/// family is empty it is what they write.
const PROGRAMS: &[(&str, &str)] = &[
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("Pinterest/", ""),
    ("Snapchat/", ""),
    ("wxwork/", "WeChat Browser"),
    ("MicroMessenger/", "WeChat Browser"),
    ("WhatsApp/", ""),
    ("Telegram-Android/", "Telegram"),
    ("TikTok ", ""),
    ("Slack_SSB/", "Slack Desktop Client"),
    ("Slack/", "Slack Desktop Client"),
    ("Teams/", "Microsoft Teams"),
    ("MacOutlook/", "MacOutlook"),
    ("Outlook-iOS-Android/", ""),
    ("Outlook-Express/", "Windows Live Mail"),
    ("Microsoft Outlook ", "Outlook"),
    ("Microsoft Office Outlook ", "Outlook"),
    ("Microsoft Office Mobile/", "Microsoft Office Mobile"),
    ("ExchangeWebServices/", ""),
    ("Thunderbird/", ""),
    ("Spotify/", ""),
    ("AdobeAIR/", ""),
    ("PhantomJS/", ""),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("Python-urllib/", ""),
    ("python-requests/", "Python Requests"),
    ("aiohttp/", "Python aiohttp"),
    ("PycURL/", ""),
    ("okhttp/", ""),
    ("Apache-HttpClient/", ""),
    ("Go-http-client/", ""),
    ("PostmanRuntime/", ""),
    ("axios/", ""),
    ("libwww-perl/", ""),
    ("Boto3/", ""),
    ("Boto/", ""),
    ("aws-cli/", ""),
    ("aws-sdk-java/", ""),
    ("aws-sdk-go/", ""),
    ("aws-sdk-nodejs/", ""),
    ("aws-sdk-cpp/", ""),
    ("wget2/", ""),
    ("Wget/", ""),
    ("curl/", ""),
    ("WindowsPowerShell/", ""),
    ("PowerShell/", ""),
    ("kubectl/", ""),
    ("Dart/", ""),
];

/// Browsers, those built on others before these: what they write, and their family.
const BROWSERS: &[(&str, &str)] = &[
    ("UCBrowser/", "UC Browser"),
    ("YaBrowser/", "Yandex Browser"),
    ("MiuiBrowser/", "MiuiBrowser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("MQQBrowser/", "QQ Browser Mobile"),
    ("QQBrowser/", "QQ Browser"),
    ("DuckDuckGo/", "DuckDuckGo Mobile"),
    ("OculusBrowser/", "Oculus Browser"),
    ("Silk/", "Amazon Silk"),
    ("Whale/", "Whale"),
    ("Vivaldi/", "Vivaldi"),
    ("Puffin/", "Puffin"),
    ("Brave/", "Brave"),
    ("Maxthon/", "Maxthon"),
    ("Avast/", "Avast Secure Browser"),
    ("coc_coc_browser/", "Coc Coc"),
    ("PaleMoon/", "Pale Moon"),
    ("SeaMonkey/", "SeaMonkey"),
    ("Waterfox/", "Waterfox"),
    ("Iceweasel/", "Iceweasel"),
    ("IceCat/", "IceCat"),
    ("Camino/", "Camino"),
    ("Epiphany/", "Epiphany"),
    ("Konqueror/", "Konqueror"),
    ("Midori/", "Midori"),
    ("QtWebEngine/", "Qt Web Engine"),
    ("Iron/", "Iron"),
    ("Chromium/", "Chromium"),
    ("Electron/", "Electron"),
    ("NetFront/", "NetFront"),
    ("NokiaBrowser/", "Nokia Browser"),
    ("Lynx/", "Lynx"),
];

/// Returns the program that sent a user agent.
pub fn browser(ua: &str) -> Software<'_> {
    if let Some((name, after)) = robot(ua) {
        return Software::new(name, version(after.trim_start_matches(['/', ' ', 'v', ':'])));
    }
    for (token, family) in PROGRAMS {
        let Some(after) = after(ua, token) else { continue };
        let family = if family.is_empty() { token.trim_end_matches(['/', ' ']) } else { family };
        let version = version(after);
        // Outlook is known by the year of its release.
        let version = match (family, version.split('.').next()) {
            ("Outlook", Some("12")) => "2007",
            ("Outlook", Some("14")) => "2010",
            ("Outlook", Some("15")) => "2013",
            ("Outlook", Some("16")) => "2016",
            ("Windows Live Mail", _) => "",
            _ => version,
        };
        return Software::new(family, version);
    }
    symbian_browser(ua)
        .or_else(|| opera(ua))
        .or_else(|| edge(ua))
        .or_else(|| {
            BROWSERS.iter().find_map(|(token, family)| Some(Software::new(*family, version(after(ua, token)?))))
        })
        .or_else(|| chrome(ua))
        .or_else(|| internet_explorer(ua))
        .or_else(|| firefox(ua))
        .or_else(|| safari(ua))
        .unwrap_or_else(|| Software::new("Other", ""))
}

/// Returns a robot's family and the text after its name.
pub fn robot(ua: &str) -> Option<(&str, &str)> {
    for (token, family) in ROBOTS {
        if let Some(at) = ua.find(token) {
            return Some((family, &ua[at + token.len()..]));
        }
    }
    let lower = ua.to_ascii_lowercase();
    // Places in the lower-case text are places in the text: ASCII letters alone have changed.
    ROBOT_WORDS.iter().find_map(|word| {
        let end = lower.match_indices(word).map(|(at, _)| at + word.len()).find(|end| {
            // A name ends here, and is no address such as `+http://example.com/bot.html`.
            !lower[*end..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '_'))
        })?;
        let start = ua[..end]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '!')))
            .map_or(0, |before| before + ua[before..].chars().next().map_or(1, char::len_utf8));
        let name = &ua[start..end];
        // Cubot makes telephones.
        (!name.eq_ignore_ascii_case("cubot") && !ua[..start].ends_with(['/', '@'])).then(|| (name, &ua[end..]))
    })
}

fn symbian_browser(ua: &str) -> Option<Software<'_>> {
    let series = after(ua, "Series60/")?;
    ua.contains("AppleWebKit").then(|| match after(ua, "BrowserNG/").or_else(|| after(ua, "NokiaBrowser/")) {
        Some(version_text) => Software::new("Nokia Browser", version(version_text)),
        None => Software::new("Nokia OSS Browser", version(series)),
    })
}

fn opera(ua: &str) -> Option<Software<'_>> {
    if let Some(mini) = after(ua, "OPiOS/").or_else(|| after(ua, "Opera Mini/")) {
        return Some(Software::new("Opera Mini", version(mini)));
    }
    if let Some(new) = after(ua, "OPR/").or_else(|| after(ua, "OPX/")) {
        let family = match () {
            () if ua.contains("Edition GX") || ua.contains("OPX/") => "Opera GX",
            () if ua.contains("Android") => "Opera Mobile",
            () => "Opera",
        };
        return Some(Software::new(family, version(new)));
    }
    if let Some(touch) = after(ua, "OPT/") {
        return Some(Software::new("Opera Touch", version(touch)));
    }
    // From 9.80 on the version stands at the end.
    let old = after(ua, "Opera/").or_else(|| after(ua, "Opera "))?;
    let stated = after(ua, "Version/").unwrap_or(old);
    let family = match () {
        () if ua.contains("Opera Mobi") => "Opera Mobile",
        () if ua.contains("Opera Tablet") => "Opera Tablet",
        () => "Opera",
    };
    Some(Software::new(family, version(stated)))
}

fn edge(ua: &str) -> Option<Software<'_>> {
    if let Some(mobile) = after(ua, "EdgA/").or_else(|| after(ua, "EdgiOS/")) {
        return Some(Software::new("Edge Mobile", version(mobile)));
    }
    let version_text = version(after(ua, "Edg/").or_else(|| after(ua, "Edge/"))?);
    Some(Software::new(if ua.contains("Windows Phone") { "Edge Mobile" } else { "Edge" }, version_text))
}

fn chrome(ua: &str) -> Option<Software<'_>> {
    if let Some(ios) = after(ua, "CriOS/") {
        return Some(Software::new("Chrome Mobile iOS", version(ios)));
    }
    let after_name = after(ua, "Chrome/")?;
    let version = version(after_name);
    let mobile = after_name[version.len()..].trim_start().starts_with("Mobile");
    let family = match () {
        () if ua.contains("; wv)") || (mobile && ua.contains("Version/")) => "Chrome Mobile WebView",
        () if mobile => "Chrome Mobile",
        () => "Chrome",
    };
    Some(Software::new(family, version))
}

fn internet_explorer(ua: &str) -> Option<Software<'_>> {
    if let Some(mobile) = after(ua, "IEMobile/").or_else(|| after(ua, "IEMobile ")) {
        return Some(Software::new("IE Mobile", version(mobile)));
    }
    if let Some(msie) = after(ua, "MSIE ") {
        return Some(Software::new("IE", version(msie)));
    }
    let engine = after(ua, "Trident/")?;
    let stated = after(ua, "rv:").unwrap_or(engine);
    Some(Software::new("IE", version(stated)))
}

fn firefox(ua: &str) -> Option<Software<'_>> {
    if let Some(ios) = after(ua, "FxiOS/") {
        return Some(Software::new("Firefox iOS", version(ios)));
    }
    if let Some(focus) = after(ua, "Focus/").or_else(|| after(ua, "Klar/")) {
        return Some(Software::new("Firefox Focus", version(focus)));
    }
    let version_text = version(after(ua, "Firefox/")?);
    let mobile = ["Mobile;", "Tablet;", "Android;"].iter().any(|word| ua.contains(word));
    Some(Software::new(if mobile { "Firefox Mobile" } else { "Firefox" }, version_text))
}

fn safari(ua: &str) -> Option<Software<'_>> {
    if !ua.contains("AppleWebKit") {
        return None;
    }
    let stated = after(ua, "Version/").map_or("", version);
    if ["iPhone", "iPad", "iPod"].iter().any(|device| ua.contains(device)) {
        if !ua.contains("Safari/") {
            let system = after_any(ua, &["iPhone OS ", "CPU OS "]).map_or("", version);
            return Some(Software::new("Mobile Safari UI/WKWebView", if stated.is_empty() { system } else { stated }));
        }
        return Some(Software::new("Mobile Safari", stated));
    }
    if let Some(android) = after(ua, "Android ") {
        return Some(Software::new("Android", version(android)));
    }
    if ua.contains("BlackBerry") || ua.contains("BB10") {
        return Some(Software::new("BlackBerry WebKit", stated));
    }
    if !ua.contains("Safari/") {
        return ua
            .contains("Macintosh")
            .then(|| Software::new("Apple Mail", version(after(ua, "AppleWebKit/").unwrap_or(""))));
    }
    Some(Software::new("Safari", stated))
}

/// Windows by the version of its kernel: the last is what a user agent says longest after.
const WINDOWS: &[(&str, &str)] = &[
    ("Windows NT 10.0", "10"),
    ("Windows NT 6.4", "10"),
    ("Windows NT 6.3", "8.1"),
    ("Windows NT 6.2", "8"),
    ("Windows NT 6.1", "7"),
    ("Windows NT 6.0", "Vista"),
    ("Windows NT 5.2", "XP"),
    ("Windows NT 5.1", "XP"),
    ("Windows NT 5.0", "2000"),
    ("Windows NT 4.0", "NT"),
    ("Windows 10", "10"),
    ("Windows 8.1", "8.1"),
    ("Windows 7", "7"),
    ("Windows Vista", "Vista"),
    ("Windows XP", "XP"),
    ("Windows 2000", "2000"),
    ("Windows 98", "98"),
    ("Windows 95", "95"),
    ("Win98", "98"),
    ("Win95", "95"),
    ("Windows CE", "CE"),
    ("Windows ME", "ME"),
    ("Windows", ""),
    ("Win32", ""),
];

/// Systems that write their version behind their name.
const SYSTEMS: &[(&str, &str)] = &[
    ("CrOS x86_64 ", "Chrome OS"),
    ("CrOS aarch64 ", "Chrome OS"),
    ("CrOS armv7l ", "Chrome OS"),
    ("CrOS i686 ", "Chrome OS"),
    ("KAIOS/", "KaiOS"),
    ("KaiOS/", "KaiOS"),
    ("Tizen ", "Tizen"),
    ("Tizen/", "Tizen"),
    ("watchOS/", "WatchOS"),
    ("watchOS ", "WatchOS"),
    ("tvOS ", "tvOS"),
    ("Bada/", "Bada"),
    ("webOS/", "webOS"),
    ("hpwOS/", "webOS"),
    ("Ubuntu/", "Ubuntu"),
    ("Fedora/", "Fedora"),
    ("Red Hat/", "Red Hat"),
    ("SUSE/", "SUSE"),
    ("FreeBSD ", "FreeBSD"),
    ("OpenBSD ", "OpenBSD"),
    ("NetBSD ", "NetBSD"),
];

/// Words that name a system without a version.
const SYSTEM_WORDS: &[(&str, &str)] = &[
    ("Ubuntu", "Ubuntu"),
    ("Debian", "Debian"),
    ("redhat", "Red Hat"),
    ("SunOS", "Solaris"),
    ("Web0S", "Web0S"),
    ("MeeGo", "MeeGo"),
    ("Series40", "Nokia Series 40"),
    ("SymbOS", "Symbian OS"),
    ("S60", "Symbian OS"),
    ("PlayBook", "BlackBerry Tablet OS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("NetBSD", "NetBSD"),
    ("HarmonyOS", "HarmonyOS"),
];

/// Returns the system that a user agent runs on.
pub fn system(ua: &str) -> Software<'_> {
    let found = mobile_windows(ua)
        .or_else(|| {
            WINDOWS.iter().find(|(token, _)| after(ua, token).is_some()).map(|(_, name)| Software::new("Windows", name))
        })
        .or_else(|| ios(ua))
        .or_else(|| SYSTEMS.iter().find_map(|(token, family)| Some(Software::new(*family, version(after(ua, token)?)))))
        .or_else(|| android(ua))
        .or_else(|| mac(ua))
        .or_else(|| black_berry(ua))
        .or_else(|| Some(Software::new("Symbian OS", version(after(ua, "SymbianOS/")?))))
        .or_else(|| {
            SYSTEM_WORDS.iter().find(|(word, _)| ua.contains(word)).map(|(_, family)| Software::new(*family, ""))
        })
        .or_else(|| linux(ua));
    found.unwrap_or_else(|| Software::new("Other", ""))
}

fn mobile_windows(ua: &str) -> Option<Software<'_>> {
    if let Some(text) = after_any(ua, &["Windows Phone OS ", "Windows Phone "]) {
        return Some(Software::new("Windows Phone", version(text)));
    }
    (ua.contains("Windows CE") && ua.contains("IEMobile")).then(|| Software::new("Windows Mobile", ""))
}

fn ios(ua: &str) -> Option<Software<'_>> {
    let is_apple = ["iPhone", "iPad", "iPod", "iOS", "CriOS", "EdgiOS", "FxiOS"].iter().any(|word| ua.contains(word));
    if is_apple {
        let tokens = ["iPhone OS ", "IPhone OS ", "iPad OS ", "CPU OS ", "iPhone OS,", "iOS ", "iOS/", "iPhone/"];
        return Some(Software::new("iOS", after_any(ua, &tokens).map_or("", |text| version(text.trim_start()))));
    }
    // An app of the system's library tells the kernel: Darwin 21 is iOS 15, and on a Mac the processor is said too.
    let darwin = version(after(ua, "Darwin/").filter(|_| ua.contains("CFNetwork/"))?);
    let mut numbers = darwin.split('.');
    let major: u32 = numbers.next()?.parse().ok()?;
    // The minor numbers run alike from Darwin 21 on.
    let minor = numbers.next().filter(|_| major >= 21).unwrap_or("");
    let on_mac = ["x86_64", "i386", "Mac"].iter().any(|word| ua.contains(word));
    (!on_mac && major >= 14).then(|| Software {
        family: Cow::Borrowed("iOS"),
        version: [Cow::Owned((major - 6).to_string()), Cow::Borrowed(minor), Cow::Borrowed(""), Cow::Borrowed("")],
    })
}

fn android(ua: &str) -> Option<Software<'_>> {
    if let Some(text) = after_any(ua, &["Android ", "Android/", "Android-", "Android: ", "android mobile/"]) {
        return Some(Software::new("Android", version(text)));
    }
    (ua.contains("Android") || ua.contains("Silk/") || ua.contains("OculusBrowser"))
        .then(|| Software::new("Android", ""))
}

fn mac(ua: &str) -> Option<Software<'_>> {
    if ua.contains("Mac OS X") || ua.contains("MacOS X") || ua.contains("macOS") || ua.contains("Macintosh") {
        let tokens = ["Mac OS X Version ", "Mac OS X ", "Mac OS X/", "MacOS X ", "macOS/", "macOS ", "OS X "];
        return Some(Software::new("Mac OS X", after_any(ua, &tokens).map_or("", version)));
    }
    ua.contains("Mac_PowerPC").then(|| Software::new("Mac OS", ""))
}

fn black_berry(ua: &str) -> Option<Software<'_>> {
    (ua.contains("BlackBerry") || ua.contains("BB10;")).then(|| {
        Software::new("BlackBerry OS", after(ua, "Version/").filter(|_| ua.contains("WebKit")).map_or("", version))
    })
}

fn linux(ua: &str) -> Option<Software<'_>> {
    if ua.contains("Linux") || ua.contains("X11") || ua.contains("linux") {
        return Some(Software::new("Linux", after(ua, "Linux/").map_or("", version)));
    }
    None
}

/// Returns the text after a token that no letter or digit stands before.
pub fn after<'a>(ua: &'a str, token: &str) -> Option<&'a str> {
    ua.match_indices(token)
        .find(|(at, _)| !ua[..*at].ends_with(|c: char| c.is_ascii_alphanumeric()))
        .map(|(at, _)| &ua[at + token.len()..])
}

/// Returns the text after the first token that is there with a version.
fn after_any<'a>(ua: &'a str, tokens: &[&str]) -> Option<&'a str> {
    tokens
        .iter()
        .find_map(|token| after(ua, token).filter(|text| text.trim_start().starts_with(|c: char| c.is_ascii_digit())))
}

/// Returns the numbers that a text starts with, with points or underscores between them.
fn version(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', '_'])
}
