//! Lists: filters, one sort column and a place to go on from, the same for every resource.
//!
//! The statement is text because diesel has no way to name the sort column at run time on two databases. Each
//! column comes from a whitelist in the code, and each value is bound.

use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{BigInt, Bool, Date, Integer, Text},
};

use super::{
    conn::{Backend, Conn},
    error::StoreResult,
    sql::numbered,
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
    /// Several texts, for [`Test::OneOf`].
    Texts(Vec<String>),
}

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

struct Statement {
    sql: String,
    binds: Vec<Value>,
}

impl Statement {
    /// Binds a value and gives its place.
    fn bind(&mut self, value: Value) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    fn filter(&mut self, filter: &Filter) -> String {
        let column = filter.column;
        match filter.test {
            Test::Absent => return format!("{column} IS NULL"),
            Test::Present => return format!("{column} IS NOT NULL"),
            Test::Holds => return column.to_owned(),
            Test::OneOf => return self.one_of(filter),
            Test::Is
            | Test::AtLeast
            | Test::Below
            | Test::Under
            | Test::NoneOrAtMost
            | Test::NoneOrAbove
            | Test::Contains => {}
        }
        let value = match (&filter.test, &filter.value) {
            (Test::Contains, Value::Text(text)) => Value::Text(like_pattern(text)),
            (_, value) => value.clone(),
        };
        let place = self.bind(value);
        match filter.test {
            Test::Is | Test::OneOf | Test::Absent | Test::Present | Test::Holds => {
                format!("{column} = {place}")
            }
            Test::AtLeast => format!("{column} >= {place}"),
            Test::Below => format!("{column} < {place}"),
            Test::Contains => format!("{column} LIKE {place} ESCAPE '!'"),
            Test::NoneOrAtMost => format!("({column} IS NULL OR {column} <= {place})"),
            Test::NoneOrAbove => format!("({column} IS NULL OR {column} > {place})"),
            Test::Under => format!("{column} IN ({})", subtree(&place)),
        }
    }

    fn one_of(&mut self, filter: &Filter) -> String {
        let places: Vec<String> = match &filter.value {
            Value::Texts(texts) => texts.iter().map(|text| self.bind(Value::Text(text.clone()))).collect(),
            one => vec![self.bind(one.clone())],
        };
        format!("{} IN ({})", filter.column, places.join(", "))
    }

    fn after(&mut self, table: Table, sort: Sort, after: &After) -> String {
        let (column, key) = (sort.column, table.key);
        let beyond = if sort.descending { "<" } else { ">" };
        let here = Value::Text(after.key.clone());
        match &after.value {
            _ if column == key => format!("{key} {beyond} {}", self.bind(here)),
            None => format!("({column} IS NULL AND {key} {beyond} {})", self.bind(here)),
            Some(value) => {
                let value = self.bind(value.clone());
                let here = self.bind(here);
                format!(
                    "({column} {beyond} {value} OR ({column} = {value} AND {key} {beyond} {here}) OR {column} IS NULL)"
                )
            }
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

fn conditions(statement: &mut Statement, request: &Request) -> String {
    let parts: Vec<String> = request.filters.iter().map(|f| statement.filter(f)).collect();
    if parts.is_empty() { "1 = 1".to_owned() } else { parts.join(" AND ") }
}

/// One page, and one record more when there is another page.
pub fn page<R>(conn: &mut Conn, table: Table, request: &Request) -> StoreResult<Vec<R>>
where
    R: QueryableByName<Backend> + 'static,
{
    let mut statement = Statement { sql: String::new(), binds: Vec::new() };
    let mut holds = conditions(&mut statement, request);
    if let Some(after) = &request.after {
        let begin = statement.after(table, request.sort, after);
        holds = format!("{holds} AND {begin}");
    }
    let direction = if request.sort.descending { "DESC" } else { "ASC" };
    let order = if request.sort.column == table.key {
        format!("{} {direction}", table.key)
    } else {
        format!("{} {direction} NULLS LAST, {} {direction}", request.sort.column, table.key)
    };
    statement.sql =
        format!("SELECT * FROM {} WHERE {holds} ORDER BY {order} LIMIT {}", table.name, request.limit + 1);
    load(conn, statement)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many records the filters leave.
pub fn count(conn: &mut Conn, table: Table, request: &Request) -> StoreResult<i64> {
    let mut statement = Statement { sql: String::new(), binds: Vec::new() };
    let holds = conditions(&mut statement, request);
    statement.sql = format!("SELECT COUNT(*) AS n FROM {} WHERE {holds}", table.name);
    let counts: Vec<Count> = load(conn, statement)?;
    Ok(counts.first().map_or(0, |c| c.n))
}

fn load<R>(conn: &mut Conn, statement: Statement) -> StoreResult<Vec<R>>
where
    R: QueryableByName<Backend> + 'static,
{
    let mut query = numbered(conn, &statement.sql);
    for value in statement.binds {
        query = match value {
            Value::Text(v) => query.bind::<Text, _>(v),
            Value::Texts(v) => query.bind::<Text, _>(v.join("\n")),
            Value::BigInt(v) => query.bind::<BigInt, _>(v),
            Value::Integer(v) => query.bind::<Integer, _>(v),
            Value::Bool(v) => query.bind::<Bool, _>(v),
            Value::Date(v) => query.bind::<Date, _>(v),
        };
    }
    Ok(query.load(conn)?)
}
