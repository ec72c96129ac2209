use super::rows::restarts;
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_window_session",
    signatures: &[
        "(expr: datetime, max_distance_from_first: timespan, max_distance_between_neighbors: timespan, restart?: bool) -> same(0)",
    ],
    summary: "When the row's session began, over a serialized row set. A session ends, and the row begins the next, where \
              the time is max_distance_from_first or more past its beginning, max_distance_between_neighbors or more past \
              the row before, or restart is true. A row without a time gives null and ends the session.",
    examples: &[(
        "datatable(t:datetime) [datetime(2024-04-11 10:16), datetime(2024-04-11 10:18)] | serialize s=row_window_session(t, 1h, 5m) \
         | where t == datetime(2024-04-11 10:18) | project s",
        "2024-04-11T10:16:00.0000000Z",
    )],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (times, from_first, between) = (args.long(0), args.long(1), args.long(2));
    let restarts = restarts(args, 3);
    let mut last: Option<(i64, i64)> = None;
    Ok(args.longs(|row| {
        let Some(time) = times.get(row) else {
            last = None;
            return None;
        };
        let is_past =
            |since: i64, distance: Option<i64>| distance.is_some_and(|distance| time >= since.saturating_add(distance));
        let session = match last {
            Some((session, before))
                if !restarts(row) && !is_past(session, from_first.get(row)) && !is_past(before, between.get(row)) =>
            {
                session
            }
            _ => time,
        };
        last = Some((session, time));
        Some(session)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ticks::{HOUR, MINUTE};

    #[test]
    fn sessions_end_by_length_gap_restart_and_null() {
        let times = [Some(0), Some(4), Some(8), Some(13), None, Some(14), Some(18), Some(70), Some(72)];
        let expected = [Some(0), Some(0), Some(0), Some(13), None, Some(14), Some(14), Some(70), Some(72)];
        let column = |values: &[Option<i64>]| {
            let values: Vec<Value> = values
                .iter()
                .map(|v| v.map_or(Value::Null(KqlType::Datetime), |v| Value::Datetime(v * MINUTE)))
                .collect();
            array_of(KqlType::Datetime, values.into_iter())
        };
        let constant = |ticks: i64| Arg {
            array: array_of(KqlType::Timespan, std::iter::once(Value::Timespan(ticks))),
            ktype: KqlType::Timespan,
            constant: true,
        };
        let restart = (0..9).map(|row| Value::Bool(row == 8));
        let args = [
            Arg { array: column(&times), ktype: KqlType::Datetime, constant: false },
            constant(HOUR),
            constant(5 * MINUTE),
            Arg { array: array_of(KqlType::Bool, restart), ktype: KqlType::Bool, constant: false },
        ];
        let ctx = crate::CallContext::default();
        let found = eval(&Args { args: &args, rows: 9, returns: KqlType::Datetime, ctx: &ctx });
        assert_eq!(found.as_ref().map(|a| a.as_ref()), Ok(column(&expected).as_ref()));
    }

    #[test]
    fn a_session_is_never_longer_than_allowed() {
        let minutes: Vec<Value> = (0..8).map(|i| Value::Datetime(i * MINUTE)).collect();
        let constant = |ticks: i64| Arg {
            array: array_of(KqlType::Timespan, std::iter::once(Value::Timespan(ticks))),
            ktype: KqlType::Timespan,
            constant: true,
        };
        let args = [
            Arg { array: array_of(KqlType::Datetime, minutes.into_iter()), ktype: KqlType::Datetime, constant: false },
            constant(3 * MINUTE),
            constant(5 * MINUTE),
        ];
        let ctx = crate::CallContext::default();
        let found = eval(&Args { args: &args, rows: 8, returns: KqlType::Datetime, ctx: &ctx })
            .unwrap_or_else(|error| panic!("{error}"));
        let sessions: Vec<Value> = (0..8).map(|row| value_at(&found, KqlType::Datetime, row)).collect();
        assert_eq!(sessions, [0, 0, 0, 3, 3, 3, 6, 6].map(|i| Value::Datetime(i * MINUTE)));
    }
}
