//! EQL, the Event Query Language of Elasticsearch.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod ast;
