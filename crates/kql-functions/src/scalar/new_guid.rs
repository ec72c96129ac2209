use super::prelude::*;
use super::texts::build_texts;
use std::fmt::Write as _;
use stdx::Rng;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "new_guid",
    signatures: &["() -> guid"],
    summary: "A new random guid, another one for each row.",
    examples: &[("print gettype(new_guid())", "guid"), ("print new_guid() == new_guid()", "false")],
    body: Body::Volatile(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut rng = Rng::from_entropy();
    build_texts(args, |_, out| {
        let bits = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        let guid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        // Writing to a string does not fail.
        let _ = write!(out, "{guid}");
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_of_version_4_and_differ() {
        let mut guids =
            (0..100).map(|_| crate::call("new_guid", KqlType::Guid, &[]).unwrap().to_text()).collect::<Vec<_>>();
        assert!(guids.iter().all(|guid| guid.len() == 36 && guid.get(14..15) == Some("4")));
        guids.sort();
        guids.dedup();
        assert_eq!(guids.len(), 100);
    }
}
