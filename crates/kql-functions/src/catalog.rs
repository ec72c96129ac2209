//! The functions as the binder sees them.

use crate::args::call;
use crate::registry::{AggregateBody, Body, FUNCTIONS, Functions, PluginArg, PluginShape};
use kql::catalog::{AggregateInfo, FunctionCatalog, PluginColumns, ScalarClass, ScalarInfo};
use kql::plan::PluginArgument;
use schema::{Column, KqlType, Value};

impl FunctionCatalog for Functions {
    fn scalar(&self, name: &str) -> Option<ScalarInfo<'_>> {
        let (function, signatures) = Functions::scalar(self, name)?;
        let class = match function.body {
            Body::Eval(_) | Body::Engine => ScalarClass::Row,
            Body::Volatile(_) => ScalarClass::Volatile,
            Body::Window(_) => ScalarClass::Window,
            Body::Binder => ScalarClass::Binder,
            Body::Refused(why) => ScalarClass::Refused(why),
        };
        Some(ScalarInfo {
            name: function.name,
            signatures,
            returns: function.returns,
            naming: function.naming,
            class,
            tuple: function.tuple,
        })
    }

    fn aggregate(&self, name: &str) -> Option<AggregateInfo<'_>> {
        let (function, signatures) = Functions::aggregate(self, name)?;
        let filter_of = match function.body {
            AggregateBody::FilterOf { name, predicate } => Some((name, predicate)),
            AggregateBody::Accumulate(_) | AggregateBody::EngineFor { .. } => None,
        };
        Some(AggregateInfo {
            name: function.name,
            signatures,
            returns: function.returns,
            naming: function.naming,
            names: function.names,
            filter_of,
        })
    }

    fn plugin(&self, name: &str) -> Option<(&'static str, &'static str, Option<&'static str>)> {
        let plugin = Functions::plugin(self, name)?;
        Some((plugin.name, plugin.usage, plugin.run.as_ref().err().copied()))
    }

    fn plugin_columns(
        &self,
        name: &str,
        inputs: &[Vec<Column>],
        args: &[PluginArgument],
    ) -> Result<PluginColumns, String> {
        let plugin = Functions::plugin(self, name).ok_or_else(|| format!("there is no plugin `{name}`"))?;
        let (least, most) = plugin.arity;
        if !(least..=most).contains(&args.len()) {
            let bound = if args.len() < least { format!("at least {least}") } else { format!("at most {most}") };
            return Err(format!("`{name}` takes {bound} arguments, not {}", args.len()));
        }
        let args: Vec<PluginArg> = args.iter().map(plugin_arg).collect();
        let columns = (plugin.columns)(&PluginShape { inputs, args: &args }).map_err(|error| error.0)?;
        Ok(columns.map_or(PluginColumns::FromRows, PluginColumns::Known))
    }

    fn fold(&self, name: &str, args: &[Value], returns: KqlType) -> Option<Result<Value, String>> {
        let (function, _) = Functions::scalar(self, name)?;
        match function.body {
            Body::Eval(_) => Some(call(name, returns, args).map_err(|error| error.0)),
            _ => None,
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> =
            self.scalar_names().chain(self.aggregate_names()).chain(self.plugin_names()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Returns a bound plan's plugin argument as the plugin takes it.
pub fn plugin_arg(arg: &PluginArgument) -> PluginArg {
    match arg {
        PluginArgument::Column(index) => PluginArg::Column(*index),
        PluginArgument::Value(value) => PluginArg::Value(value.clone()),
        PluginArgument::Table(index) => PluginArg::Table(*index),
        PluginArgument::Star => PluginArg::Star,
        PluginArgument::Named(name, arg) => PluginArg::Named(name.clone(), Box::new(plugin_arg(arg))),
    }
}

/// The catalogue of every function of the product.
pub fn catalog() -> &'static dyn FunctionCatalog {
    &*FUNCTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold_through_the_functions_bodies() {
        let hello = [Value::String("hello".into())];
        assert_eq!(catalog().fold("strlen", &hello, KqlType::Long), Some(Ok(Value::Long(5))));
        assert_eq!(catalog().fold("no_such_function", &hello, KqlType::Long), None);
        assert!(catalog().names().contains(&"strlen"));
    }
}
