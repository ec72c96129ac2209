//! Kernels of tabular operators that look at values rather than at plans: whole arrays in, whole arrays out.
