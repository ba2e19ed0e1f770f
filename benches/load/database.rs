//! Fresh databases: files of SQLite, or schemas of the PostgreSQL that was named; gone when the run ends.

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use tempfile::TempDir;

use crate::Result;

/// Where databases are made.
pub struct Databases {
    /// Files: databases, and what is imported. On the disk of the build, which a memory file system is not.
    pub directory: TempDir,
    postgres: Option<String>,
    schemas: Vec<String>,
}

impl Databases {
    /// Where databases are made; nothing is made yet.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(postgres: Option<String>) -> Result<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        Ok(Self { directory, postgres, schemas: Vec::new() })
    }

    /// Which kind, for people.
    pub fn kind(&self) -> &'static str {
        if self.postgres.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    /// Whether they are files.
    pub fn are_files(&self) -> bool {
        self.postgres.is_none()
    }

    /// The URL of a new and empty one.
    ///
    /// # Errors
    /// Those of PostgreSQL.
    pub fn fresh(&mut self, name: &str) -> Result<String> {
        let Some(url) = &self.postgres else {
            return Ok(format!(
                "sqlite://{}",
                self.directory.path().join(name).with_extension("db").display()
            ));
        };
        let schema = format!("chiso_bench_{}_{name}", std::process::id());
        PgConnection::establish(url)?.batch_execute(&format!("CREATE SCHEMA {schema}"))?;
        let joint = if url.contains('?') { '&' } else { '?' };
        let fresh = format!("{url}{joint}options=-csearch_path%3D{schema}");
        self.schemas.push(schema);
        Ok(fresh)
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        let Some(url) = &self.postgres else { return };
        for schema in &self.schemas {
            let dropped = PgConnection::establish(url).map_err(|e| e.to_string()).and_then(|mut conn| {
                conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).map_err(|e| e.to_string())
            });
            if let Err(error) = dropped {
                eprintln!("the schema {schema} is left: {error}");
            }
        }
    }
}
