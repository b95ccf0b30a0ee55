//! Credentials, which no argument and no file has.

use std::env::{self, VarError};

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use firstseen_serve::Secret;

/// What the environment has for requests to a cluster: the API key in `PREFIX_API_KEY`,
/// else `user:password` in `PREFIX_BASIC`.
///
/// # Errors
///
/// When it is no text.
pub(crate) fn authorization(prefix: &str) -> Result<Option<Secret>> {
    let read = |suffix: &str| match env::var(format!("{prefix}_{suffix}")) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{prefix}_{suffix} is no text"),
    };
    if let Some(key) = read("API_KEY")? {
        return Ok(Some(Secret::new(format!("ApiKey {key}"))));
    }
    Ok(read("BASIC")?.map(|basic| Secret::new(format!("Basic {}", BASE64.encode(basic)))))
}
