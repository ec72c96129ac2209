//! The device that a user agent names: tables of the names that devices go by, tried in order.

use super::user_agent::{after, robot};
use std::borrow::Cow;

/// A device's names, empty where there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device<'a> {
    pub family: Cow<'a, str>,
    pub brand: Cow<'a, str>,
    pub model: Cow<'a, str>,
}

impl<'a> Device<'a> {
    fn new(
        family: impl Into<Cow<'a, str>>,
        brand: impl Into<Cow<'a, str>>,
        model: impl Into<Cow<'a, str>>,
    ) -> Device<'a> {
        Device { family: family.into(), brand: brand.into(), model: model.into() }
    }

    fn generic(kind: &'static str) -> Device<'static> {
        Device::new(format!("Generic {kind}"), "Generic", kind)
    }
}

/// How an Android model starts, its brand, what the family puts before the model, and whether that start belongs to it.
const MODELS: &[(&str, &str, &str, bool)] = &[
    ("SAMSUNG-", "Samsung", "Samsung ", false),
    ("SAMSUNG ", "Samsung", "Samsung ", false),
    ("SM-", "Samsung", "Samsung ", true),
    ("GT-", "Samsung", "Samsung ", true),
    ("SGH-", "Samsung", "Samsung ", true),
    ("SCH-", "Samsung", "Samsung ", true),
    ("SPH-", "Samsung", "Samsung ", true),
    ("SHV-", "Samsung", "Samsung ", true),
    ("SC-0", "Samsung", "Samsung ", true),
    ("Galaxy ", "Samsung", "Samsung ", true),
    ("Pixel", "Google", "", true),
    ("Nexus 4", "LG", "", true),
    ("Nexus 5", "LG", "", true),
    ("Nexus 6P", "Huawei", "", true),
    ("Nexus 6", "Motorola", "", true),
    ("Nexus 7", "Asus", "", true),
    ("Nexus 9", "HTC", "", true),
    ("Nexus 10", "Samsung", "", true),
    ("HUAWEI ", "Huawei", "HUAWEI ", false),
    ("HUAWEI", "Huawei", "HUAWEI ", false),
    ("Redmi", "XiaoMi", "XiaoMi ", true),
    ("POCO", "XiaoMi", "XiaoMi ", true),
    ("MI ", "XiaoMi", "XiaoMi ", true),
    ("Mi ", "XiaoMi", "XiaoMi ", true),
    ("HM NOTE", "XiaoMi", "XiaoMi ", true),
    ("ONEPLUS", "OnePlus", "OnePlus ", true),
    ("ONE A", "OnePlus", "OnePlus ", true),
    ("OPPO ", "Oppo", "Oppo ", false),
    ("CPH", "Oppo", "Oppo ", true),
    ("vivo ", "vivo", "vivo ", false),
    ("RMX", "Realme", "Realme ", true),
    ("moto ", "Motorola", "Motorola ", true),
    ("Moto ", "Motorola", "Motorola ", true),
    ("motorola ", "Motorola", "Motorola ", true),
    ("DROID", "Motorola", "Motorola ", true),
    ("XT", "Motorola", "Motorola ", true),
    ("LG-", "LG", "LG-", false),
    ("LM-", "LG", "LG ", true),
    ("LGM-", "LG", "LG ", true),
    ("HTC_", "HTC", "HTC ", false),
    ("HTC/", "HTC", "HTC ", false),
    ("HTC ", "HTC", "HTC ", false),
    ("Nokia ", "Nokia", "Nokia ", false),
    ("SonyEricsson", "SonyEricsson", "Sony Ericsson ", false),
    ("Sony ", "Sony", "Sony ", false),
    ("Lenovo ", "Lenovo", "Lenovo ", false),
    ("ASUS_", "Asus", "Asus ", false),
    ("Transformer", "Asus", "Asus ", true),
    ("ZTE-", "ZTE", "ZTE ", false),
    ("ZTE_", "ZTE", "ZTE ", false),
    ("ZTE ", "ZTE", "ZTE ", false),
    ("ALCATEL ONE TOUCH ", "Alcatel", "Alcatel One Touch ", false),
    ("Kindle", "Amazon", "", true),
];

/// Returns the device that a user agent runs on.
pub fn device(ua: &str) -> Device<'_> {
    if robot(ua).is_some() {
        let mobile = ["Android", "iPhone", "Mobile"].iter().any(|word| ua.contains(word));
        return Device::new("Spider", "Spider", if mobile { "Smartphone" } else { "Desktop" });
    }
    for name in ["iPad", "iPod", "iPhone"] {
        if ua.contains(name) {
            return Device::new(name, "Apple", name);
        }
    }
    nokia(ua)
        .or_else(|| windows_phone(ua))
        .or_else(|| console(ua))
        .or_else(|| black_berry_device(ua))
        .or_else(|| android_device(ua))
        .or_else(|| feature_phone(ua))
        .or_else(|| ua.contains("Macintosh").then(|| Device::new("Mac", "Apple", "Mac")))
        .or_else(|| ua.contains("(Mobile;").then(|| Device::generic("Smartphone")))
        .or_else(|| ua.contains("(Tablet;").then(|| Device::generic("Tablet")))
        .or_else(|| ua.contains("J2ME/MIDP").then(|| Device::generic("Feature Phone")))
        .unwrap_or_else(|| Device::new("Other", "", ""))
}

/// `NokiaN81-3/10.0.032` is the family Nokia N81 of the model N81-3.
fn nokia(ua: &str) -> Option<Device<'_>> {
    let rest = after(ua, "Nokia").or_else(|| after(ua, "NOKIA"))?;
    let rest = rest.strip_prefix(['_', '-']).unwrap_or(rest);
    let model = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len())];
    let family = model.split('-').next().filter(|family| !family.is_empty())?;
    Some(Device::new(format!("Nokia {family}"), "Nokia", model))
}

/// `SAMSUNG-SGH-M110/1.0` and the like, from before Android.
fn feature_phone(ua: &str) -> Option<Device<'_>> {
    let makers =
        [("SAMSUNG-", "Samsung"), ("Samsung-", "Samsung"), ("samsung-", "Samsung"), ("LG-", "LG"), ("HTC-", "HTC")];
    let (rest, brand) = makers.into_iter().find_map(|(token, brand)| Some((after(ua, token)?, brand)))?;
    let model = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len())];
    (!model.is_empty()).then(|| Device::new(format!("{brand} {model}"), brand, model))
}

fn windows_phone(ua: &str) -> Option<Device<'_>> {
    let about = ua.contains("Windows Phone").then(|| after(ua, "IEMobile/").or_else(|| after(ua, "Android ")))??;
    let inside = about.split(')').next()?;
    let mut parts = inside.split(';').map(str::trim).skip(1).filter(|part| !matches!(*part, "ARM" | "Touch" | ""));
    let (brand, model) = (parts.next()?, parts.next()?);
    let brand = if brand.eq_ignore_ascii_case("nokia") { "Nokia" } else { brand };
    let family = if model.starts_with("Lumia") { model.to_string() } else { format!("{brand} {model}") };
    Some(Device::new(family, brand, model))
}

fn console(ua: &str) -> Option<Device<'_>> {
    let consoles = [
        ("PlayStation 5", "Sony", "PlayStation 5"),
        ("PlayStation 4", "Sony", "PlayStation 4"),
        ("PLAYSTATION 3", "Sony", "PlayStation 3"),
        ("PlayStation Vita", "Sony", "PlayStation Vita"),
        ("Nintendo Switch", "Nintendo", "Switch"),
        ("Nintendo WiiU", "Nintendo", "Wii U"),
        ("Nintendo 3DS", "Nintendo", "3DS"),
        ("Xbox One", "Microsoft", "Xbox One"),
        ("CrKey/", "Google", "Chromecast"),
        ("Apple TV", "Apple", "AppleTV"),
        ("AppleTV", "Apple", "AppleTV"),
    ];
    let (_, brand, model) = consoles.into_iter().find(|(token, _, _)| ua.contains(token))?;
    let family = if brand == "Nintendo" { format!("Nintendo {model}") } else { model.to_string() };
    Some(Device::new(family, brand, model))
}

fn black_berry_device(ua: &str) -> Option<Device<'_>> {
    if let Some(model) = after(ua, "BB10; ") {
        let model = &model[..model.find([';', ')']).unwrap_or(model.len())];
        return Some(Device::new(format!("BlackBerry {model}"), "BlackBerry", model));
    }
    let rest = ["BlackBerry ", "BlackBerry"].iter().find_map(|token| {
        let rest = &ua[ua.find(token)? + token.len()..];
        rest.starts_with(|c: char| c.is_ascii_digit()).then_some(rest)
    });
    match rest {
        Some(rest) => {
            let model = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())];
            Some(Device::new(format!("BlackBerry {model}"), "BlackBerry", model))
        }
        None => ua.contains("BlackBerry").then(|| Device::new("BlackBerry", "BlackBerry", "")),
    }
}

fn android_device(ua: &str) -> Option<Device<'_>> {
    let about = after(ua, "Android")?;
    let mobile = ua.contains("Mobile");
    let inside = about.split(')').next().unwrap_or(about);
    // `Android 10; SM-G960F Build/...`, before which older ones write the language.
    let model = inside.split(';').skip(1).map(|part| part.split(" Build").next().unwrap_or(part).trim()).find(|part| {
        !part.is_empty()
            && !is_language(part)
            && !matches!(*part, "U" | "wv" | "Mobile" | "Tablet" | "Linux")
            && !part.starts_with("rv:")
    });
    let Some(model) = model else {
        return Some(Device::generic(if mobile { "Smartphone" } else { "Tablet" }));
    };
    for (start, brand, before, keeps) in MODELS {
        if let Some(rest) = model.strip_prefix(start) {
            // Behind the name there may be versions, as in `HTC/WildfireS/1.33.163.2`.
            let model = if *keeps { model } else { rest };
            let model = model.split('/').next().unwrap_or(model);
            let model = if *brand == "HTC" { Cow::Owned(model.replace('_', " ")) } else { Cow::Borrowed(model) };
            return Some(Device::new(format!("{before}{model}"), *brand, model));
        }
    }
    if is_kindle(model) {
        return Some(Device::new("Kindle", "Amazon", model));
    }
    Some(Device::new(model, if mobile { "Generic_Android" } else { "Generic_Android_Tablet" }, model))
}

/// Amazon's tablets go by codes of capital letters: `KFTT`, `KFAPWI`.
fn is_kindle(model: &str) -> bool {
    model.starts_with("KF") && (4..=6).contains(&model.len()) && model.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether a part is a language, such as `en` or `en-us`.
fn is_language(part: &str) -> bool {
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    match part.split_once(['-', '_']) {
        Some((language, country)) => letters(language) && letters(country),
        None => letters(part) && part.bytes().all(|b| b.is_ascii_lowercase()),
    }
}
