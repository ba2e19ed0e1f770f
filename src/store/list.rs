//! Lists: filters, one sort column and a place to go on from, the same for every resource.
//!
//! The statement is text because diesel has no way to name the sort column at run time on two databases. Each
//! column comes from a whitelist in the code, and each value is bound.

use diesel::{
    PgConnection, QueryableByName, SqliteConnection, pg::Pg, query_dsl::methods::LoadQuery,
    sql_types::BigInt, sqlite::Sqlite,
};

pub use super::sql::Value;
use super::{
    conn::Conn,
    error::StoreResult,
    sql::{Statement, Typed},
};

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Equal.
    Is,
    /// Equal to one of several texts.
    OneOf,
    /// Not below.
    AtLeast,
    /// Below.
    Below,
    /// Contains, in the folded `search` column.
    Contains,
    /// The unit itself or one below it, in a column of unit ids.
    Under,
    /// Not present, or not after: the lower end of a validity.
    NoneOrAtMost,
    /// Not present, or after: the upper end of a validity.
    NoneOrAbove,
    /// Not present; the value is ignored.
    Absent,
    /// Present; the value is ignored.
    Present,
    /// True, said so that an index of the true ones alone serves; the value is ignored.
    Holds,
}

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Column of the table.
    pub column: &'static str,
    /// Comparison.
    pub test: Test,
    /// With what.
    pub value: Value,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Column of the table.
    pub column: &'static str,
    /// From the highest to the lowest.
    pub descending: bool,
}

/// Where a page begins: behind this record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The sort column's value there; none when it has none.
    pub value: Option<Value>,
    /// The record's key.
    pub key: String,
}

/// What a page of a list is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// The order; the key breaks ties.
    pub sort: Sort,
    /// Where to begin.
    pub after: Option<After>,
    /// Most records.
    pub limit: u32,
}

/// What is known of the listed table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Name.
    pub name: &'static str,
    /// The unique column that ends every order.
    pub key: &'static str,
}

fn filter(statement: &mut Statement, filter: &Filter) {
    let column = filter.column;
    let value = || filter.value.clone();
    let mut compare = |before: &str, value: Value, after: &str| {
        statement.push(before);
        statement.bind(value);
        statement.push(after);
    };
    match filter.test {
        Test::Is => compare(&format!("{column} = "), value(), ""),
        Test::AtLeast => compare(&format!("{column} >= "), value(), ""),
        Test::Below => compare(&format!("{column} < "), value(), ""),
        Test::NoneOrAtMost => compare(&format!("({column} IS NULL OR {column} <= "), value(), ")"),
        Test::NoneOrAbove => compare(&format!("({column} IS NULL OR {column} > "), value(), ")"),
        Test::Absent => statement.push(&format!("{column} IS NULL")),
        Test::Present => statement.push(&format!("{column} IS NOT NULL")),
        Test::Holds => statement.push(column),
        Test::Contains => {
            let pattern = match value() {
                Value::Text(text) => Value::Text(like_pattern(&text)),
                other => other,
            };
            compare(&format!("{column} LIKE "), pattern, " ESCAPE '!'");
        }
        Test::Under => {
            let below = subtree("\n");
            let (before, after) = below.split_once('\n').unwrap_or_default();
            compare(&format!("{column} IN ({before}"), value(), &format!("{after})"));
        }
        Test::OneOf => {
            let values: Vec<Value> = match value() {
                Value::Texts(texts) => texts.into_iter().map(Value::Text).collect(),
                one => vec![one],
            };
            statement.push(&format!("{column} IN "));
            statement.bind_all(values);
        }
    }
}

/// The unit `place` and every unit below it.
pub fn subtree(place: &str) -> String {
    format!(
        "WITH RECURSIVE below (id) AS (SELECT id FROM units WHERE id = {place} \
         UNION SELECT u.id FROM units u JOIN below b ON u.parent_id = b.id) SELECT id FROM below"
    )
}

fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in crate::domain::text::fold(text).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn conditions<'a>(statement: &mut Statement, filters: impl IntoIterator<Item = &'a Filter>) {
    statement.push("1 = 1");
    for one in filters {
        statement.push(" AND ");
        filter(statement, one);
    }
}

/// The records of a list that have a value to sort by come first, those without one behind them in either
/// direction. Each part is a walk along an index, where one begins with the filtered and the sorted columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Valued,
    Valueless,
}

/// Whether a filter says of the sorted column what the place to go on from says already. With both, a database
/// may walk from the filter's end of the index instead of the place's.
fn is_implied(filter: &Filter, sort: Sort) -> bool {
    let end = if sort.descending { Test::Below } else { Test::AtLeast };
    filter.column == sort.column && filter.test == end
}

/// Whether records without a value in the column pass the filter.
fn passes_valueless(filter: &Filter, column: &str) -> bool {
    filter.column != column || matches!(filter.test, Test::NoneOrAtMost | Test::NoneOrAbove | Test::Absent)
}

fn part_statement(table: Table, columns: &str, request: &Request, part: Part, limit: usize) -> Statement {
    let Sort { column, descending } = request.sort;
    let (beyond, direction) = if descending { ("<", "DESC") } else { (">", "ASC") };
    let (key, by_key) = (table.key, column == table.key);
    let mut statement = Statement::default();
    statement.push(&format!("SELECT {columns} FROM {} WHERE ", table.name));
    let place =
        request.after.as_ref().filter(|after| by_key || (after.value.is_some() == (part == Part::Valued)));
    let place_value = place.and_then(|after| after.value.clone()).filter(|_| !by_key);
    let implied = |one: &&Filter| !(place_value.is_some() && is_implied(one, request.sort));
    conditions(&mut statement, request.filters.iter().filter(implied));
    if !by_key && part == Part::Valueless {
        statement.push(&format!(" AND {column} IS NULL"));
    }
    match (place, place_value) {
        (Some(after), Some(value)) => {
            statement.push(&format!(" AND ({column}, {key}) {beyond} ("));
            statement.bind(value);
            statement.push(", ");
            statement.bind(Value::Text(after.key.clone()));
            statement.push(")");
        }
        (Some(after), None) => {
            statement.push(&format!(" AND {key} {beyond} "));
            statement.bind(Value::Text(after.key.clone()));
        }
        (None, _) if !by_key && part == Part::Valued => {
            statement.push(&format!(" AND {column} IS NOT NULL"));
        }
        (None, _) => {}
    }
    let order = match part {
        Part::Valued if !by_key => format!("{column} {direction}, {key} {direction}"),
        _ => format!("{key} {direction}"),
    };
    // The limit is text: SQLite prepares a statement again each time that a bound limit is bound.
    statement.push(&format!(" ORDER BY {order} LIMIT {limit}"));
    statement
}

/// The parts of a list that a page may have records of.
fn parts(table: Table, request: &Request) -> Vec<Part> {
    let column = request.sort.column;
    if column == table.key {
        return vec![Part::Valued];
    }
    let mut parts = Vec::new();
    if request.after.as_ref().is_none_or(|after| after.value.is_some()) {
        parts.push(Part::Valued);
    }
    if request.filters.iter().all(|filter| passes_valueless(filter, column)) {
        parts.push(Part::Valueless);
    }
    parts
}

/// Whether a page is read by a single statement.
pub fn is_one_statement(table: Table, request: &Request) -> bool {
    parts(table, request).len() == 1
}

/// One page, and one record more when there is another page.
pub fn page<R>(conn: &mut Conn, table: Table, request: &Request) -> StoreResult<Vec<R>>
where
    R: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
{
    paged(table, "*", request, |part| part.load(conn))
}

/// [`page`] of a table that is listed often: `columns` have the types `T`, and are read by place.
pub fn page_of<T, R>(conn: &mut Conn, table: Table, columns: &str, request: &Request) -> StoreResult<Vec<R>>
where
    Typed<T>: for<'q> LoadQuery<'q, SqliteConnection, R> + for<'q> LoadQuery<'q, PgConnection, R>,
{
    paged(table, columns, request, |part| part.rows::<T, R>(conn))
}

fn paged<R>(
    table: Table,
    columns: &str,
    request: &Request,
    mut load: impl FnMut(Statement) -> StoreResult<Vec<R>>,
) -> StoreResult<Vec<R>> {
    let wanted = request.limit as usize + 1;
    let mut rows: Vec<R> = Vec::new();
    for part in parts(table, request) {
        if rows.len() < wanted {
            rows.append(&mut load(part_statement(table, columns, request, part, wanted - rows.len()))?);
        }
    }
    Ok(rows)
}

/// How the database goes through the parts of a page: its own words, a step a line.
///
/// # Errors
/// The database's.
pub fn plan(conn: &mut Conn, table: Table, request: &Request) -> StoreResult<Vec<String>> {
    let mut steps = Vec::new();
    for part in parts(table, request) {
        steps.append(
            &mut part_statement(table, "*", request, part, request.limit as usize + 1).explain(conn)?,
        );
    }
    Ok(steps)
}

/// Indexes that lists walk along: the table, the filtered column before the sorted one, and the sorted one.
const ORDERED: &[(&str, Option<&str>, &str)] = &[
    ("dossiers", Some("unit_id"), "code"),
    ("dossiers", Some("unit_id"), "accepted_at"),
    ("dossiers", None, "accepted_at"),
];

/// Most records of a page that is short: the pieces of an export are longer, and many follow each other.
const SHORT: u32 = 500;

/// Whether a page takes about as many rows as it shows, however many records there are: its filters and its order
/// are those of an index.
pub fn is_short(table: Table, request: &Request) -> bool {
    let Sort { column, .. } = request.sort;
    let ranges =
        |filter: &Filter| filter.column == column && matches!(filter.test, Test::AtLeast | Test::Below);
    let walks = |before: Option<&str>| {
        let is_before = |filter: &Filter| Some(filter.column) == before && filter.test == Test::Is;
        request.filters.iter().all(|filter| ranges(filter) || is_before(filter))
            && (before.is_none() || request.filters.iter().any(is_before))
    };
    let ordered = |(name, before, sorted): &(&str, Option<&str>, &str)| {
        *name == table.name && *sorted == column && walks(*before)
    };
    request.limit <= SHORT && ((column == table.key && walks(None)) || ORDERED.iter().any(ordered))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many records the filters leave.
pub fn count(conn: &mut Conn, table: Table, request: &Request) -> StoreResult<i64> {
    let mut statement = Statement::default();
    statement.push(&format!("SELECT COUNT(*) AS n FROM {} WHERE ", table.name));
    conditions(&mut statement, &request.filters);
    let counts: Vec<Count> = statement.load(conn)?;
    Ok(counts.first().map_or(0, |c| c.n))
}
