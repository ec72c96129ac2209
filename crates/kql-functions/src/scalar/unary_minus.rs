use super::prelude::*;
use crate::kernels::arithmetic;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unary-",
    signatures: &["(operand: summable) -> custom", "(operand: dynamic) -> dynamic"],
    returns: Some(arithmetic::sign_returns),
    summary: "The number, timespan or decimal with its sign turned around. Longs wrap, an int is widened to long.",
    examples: &[("let x = 5; print -x", "-5"), ("print -(1d)", "-1.00:00:00")],
    body: Body::Eval(arithmetic::negate),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_turns_around() {
        let cases = [
            (Value::Int(5), Value::Long(-5)),
            (Value::Long(i64::MIN), Value::Long(i64::MIN)),
            (Value::Real(0.5), Value::Real(-0.5)),
            (Value::Timespan(7), Value::Timespan(-7)),
            (Value::Decimal(number::DECIMAL_ONE), Value::Decimal(number::DECIMAL_ONE.wrapping_neg())),
            (Value::Datetime(7), Value::Null(KqlType::Datetime)),
            (Value::Dynamic(Dynamic::from_real(1.5)), Value::Dynamic(Dynamic::from_real(-1.5))),
            (Value::Null(KqlType::Int), Value::Null(KqlType::Long)),
        ];
        for (operand, result) in cases {
            let returns = arithmetic::sign_returns(&[operand.ktype()]);
            assert_eq!(crate::call("unary-", returns, &[operand]), Ok(result));
        }
    }
}
