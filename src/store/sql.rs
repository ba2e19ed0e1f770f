//! Statements as text: numbered binds that mean the same on both databases.

use std::{collections::HashSet, marker::PhantomData, sync::RwLock};

use diesel::{
    PgConnection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, BoxedSqlQuery, Query, QueryFragment, QueryId},
    query_dsl::methods::LoadQuery,
    sql_query,
    sql_types::{BigInt, Bool, Date, Integer, Text, Untyped},
    sqlite::Sqlite,
};

use super::{
    conn::{Backend, Conn, either},
    error::StoreResult,
};

/// A value that a statement binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Microseconds and other long numbers.
    BigInt(i64),
    /// Years and other short numbers.
    Integer(i32),
    /// Booleans.
    Bool(bool),
    /// Days.
    Date(chrono::NaiveDate),
    /// Several texts, for a filter that takes one of them.
    Texts(Vec<String>),
}

/// A statement made piece by piece, its values bound where they stand. diesel never keeps the prepared statement
/// of a text; of these it keeps those that are asked again and again.
#[derive(Debug, Default)]
pub struct Statement {
    text: String,
    /// Where in the text each value belongs.
    binds: Vec<(usize, Value)>,
    kept: bool,
}

impl Statement {
    /// Adds text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a value.
    pub fn bind(&mut self, value: Value) {
        self.binds.push((self.text.len(), value));
    }

    /// Adds a list of values in brackets.
    pub fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) {
        self.push("(");
        for (i, value) in values.into_iter().enumerate() {
            self.push(if i == 0 { "" } else { ", " });
            self.bind(value);
        }
        self.push(")");
    }

    /// The rows, their columns found by name.
    ///
    /// # Errors
    /// The database's.
    pub fn load<R>(mut self, conn: &mut Conn) -> StoreResult<Vec<R>>
    where
        R: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        self.keep(conn);
        Ok(either!(conn, |conn| RunQueryDsl::load(self, conn))?)
    }

    /// Runs it for what it does.
    ///
    /// # Errors
    /// The database's.
    pub fn run(mut self, conn: &mut Conn) -> StoreResult<usize> {
        self.keep(conn);
        Ok(either!(conn, |conn| RunQueryDsl::execute(self, conn))?)
    }

    /// The rows, their columns by place: those of `T`, in its order.
    ///
    /// # Errors
    /// The database's.
    pub fn rows<T, R>(mut self, conn: &mut Conn) -> StoreResult<Vec<R>>
    where
        Typed<T>: for<'q> LoadQuery<'q, SqliteConnection, R> + for<'q> LoadQuery<'q, PgConnection, R>,
    {
        self.keep(conn);
        let typed = Typed(self, PhantomData);
        Ok(either!(conn, |conn| RunQueryDsl::load(typed, conn))?)
    }

    /// Tells the rows one after the other, as [`rows`](Self::rows) reads them.
    ///
    /// # Errors
    /// The database's.
    pub fn each<T, R>(mut self, conn: &mut Conn, mut tell: impl FnMut(R)) -> StoreResult<()>
    where
        Typed<T>: for<'q> LoadQuery<'q, SqliteConnection, R> + for<'q> LoadQuery<'q, PgConnection, R>,
    {
        self.keep(conn);
        let typed = Typed(self, PhantomData);
        Ok(either!(conn, |conn| {
            typed.internal_load(conn).and_then(|mut rows| rows.try_for_each(|row| row.map(&mut tell)))
        })?)
    }

    /// The same, kept on PostgreSQL too: for what is asked again and again of columns whose types stay as they are.
    pub fn settled(mut self) -> Self {
        self.kept = true;
        self
    }

    /// SQLite prepares a kept statement again when the tables change; PostgreSQL would refuse it where the type of a
    /// column is another one.
    fn keep(&mut self, conn: &Conn) {
        self.kept |= matches!(conn, Conn::Sqlite(_)) && is_kept(&self.text);
    }
}

/// A statement whose columns have the SQL types `T`.
pub struct Typed<T>(Statement, PhantomData<T>);

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    step: String,
}

impl Statement {
    /// How the database would run it: a step a line.
    ///
    /// # Errors
    /// The database's.
    pub fn explain(mut self, conn: &mut Conn) -> StoreResult<Vec<String>> {
        let before = match conn {
            Conn::Sqlite(_) => "EXPLAIN QUERY PLAN ",
            Conn::Postgres(_) => "EXPLAIN ",
        };
        self.text.insert_str(0, before);
        self.binds.iter_mut().for_each(|(place, _)| *place += before.len());
        Ok(match conn {
            Conn::Sqlite(_) => self.load::<SqliteStep>(conn)?.into_iter().map(|row| row.detail).collect(),
            Conn::Postgres(_) => self.load::<PostgresStep>(conn)?.into_iter().map(|row| row.step).collect(),
        })
    }
}

/// Most texts whose prepared statements are kept, so that callers can't fill the memory with new ones.
const KEPT: usize = 128;

/// Whether a text is one of the first that this process has asked. Values are not part of a text.
fn is_kept(text: &str) -> bool {
    static TEXTS: RwLock<Option<HashSet<String>>> = RwLock::new(None);
    if TEXTS.read().is_ok_and(|texts| texts.as_ref().is_some_and(|texts| texts.contains(text))) {
        return true;
    }
    let Ok(mut texts) = TEXTS.write() else { return false };
    let texts = texts.get_or_insert_default();
    texts.len() < KEPT && texts.insert(text.to_owned())
}

/// The same for each database: text and binds in their order.
macro_rules! fragment {
    ($backend:ty) => {
        impl QueryFragment<$backend> for Statement {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                if !self.kept {
                    out.unsafe_to_cache_prepared();
                }
                let mut done = 0;
                for (place, value) in &self.binds {
                    out.push_sql(self.text.get(done..*place).unwrap_or_default());
                    done = *place;
                    match value {
                        Value::Text(v) => out.push_bind_param::<Text, _>(v)?,
                        // Several texts are bound one by one; see `list`.
                        Value::Texts(v) => v.iter().try_for_each(|v| out.push_bind_param::<Text, _>(v))?,
                        Value::BigInt(v) => out.push_bind_param::<BigInt, _>(v)?,
                        Value::Integer(v) => out.push_bind_param::<Integer, _>(v)?,
                        Value::Bool(v) => out.push_bind_param::<Bool, _>(v)?,
                        Value::Date(v) => out.push_bind_param::<Date, _>(v)?,
                    }
                }
                out.push_sql(self.text.get(done..).unwrap_or_default());
                Ok(())
            }
        }

        impl<T> QueryFragment<$backend> for Typed<T> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                self.0.walk_ast(out)
            }
        }
    };
}

fragment!(Sqlite);
fragment!(Pg);

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> QueryId for Typed<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<T> Query for Typed<T> {
    type SqlType = T;
}

impl RunQueryDsl<SqliteConnection> for Statement {}
impl RunQueryDsl<PgConnection> for Statement {}
impl<T> RunQueryDsl<SqliteConnection> for Typed<T> {}
impl<T> RunQueryDsl<PgConnection> for Typed<T> {}

/// `PRAGMA data_version`. Its prepared statement is found by this type, without its text: every request asks it.
struct DataVersion;

impl QueryFragment<Sqlite> for DataVersion {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("PRAGMA data_version");
        Ok(())
    }
}

impl QueryId for DataVersion {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for DataVersion {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for DataVersion {}

/// A number of an SQLite connection that changes with every commit of another one.
///
/// # Errors
/// The database's.
pub fn data_version(conn: &mut SqliteConnection) -> StoreResult<i64> {
    Ok(RunQueryDsl::get_result(DataVersion, conn)?)
}

/// Which transactions PostgreSQL shows at the moment: as long as it says the same, nothing was committed.
///
/// # Errors
/// The database's.
pub fn snapshot(conn: &mut PgConnection) -> StoreResult<String> {
    let mut statement = Statement::default();
    statement.push("SELECT pg_current_snapshot()::text");
    let typed = Typed::<Text>(statement.settled(), PhantomData);
    let rows: Vec<String> = RunQueryDsl::load(typed, conn)?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// A statement with binds `$1`, `$2` ... in any order.
///
/// SQLite takes `$2` for a name and numbers names as they appear; its numbered binds are written `?2`. Values are
/// always bound, so a dollar sign is always a bind.
pub fn numbered(conn: &Conn, text: &str) -> BoxedSqlQuery<'static, Backend, diesel::query_builder::SqlQuery> {
    let text = match conn {
        Conn::Sqlite(_) => text.replace('$', "?"),
        Conn::Postgres(_) => text.to_owned(),
    };
    sql_query(text).into_boxed::<Backend>()
}

/// The binds `$from`, ... of `n` values, for a list in a statement.
pub fn places(from: usize, n: usize) -> String {
    (from..from + n).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
