use super::prelude::*;
use crate::kernels::zones;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_list_timezones",
    signatures: &["() -> dynamic"],
    summary: "The names of all time zones that `datetime_utc_to_local()` and `datetime_local_to_utc()` know, as an array.",
    examples: &[("print set_has_element(datetime_list_timezones(), 'Europe/Paris')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let names = Dynamic::Array(zones::names().into_iter().map(Dynamic::String).collect()).to_json();
    Ok(args.texts(|_| Some(&names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_names_are_there() {
        let Ok(Value::Dynamic(Dynamic::Array(names))) = crate::call("datetime_list_timezones", KqlType::Dynamic, &[])
        else {
            panic!("no array");
        };
        for name in ["US/Pacific", "Europe/Brussels", "Australia/Canberra", "UTC"] {
            assert!(names.contains(&Dynamic::String(name.to_string())), "{name}");
        }
    }
}
