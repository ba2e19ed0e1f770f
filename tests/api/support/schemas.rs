//! A database's schema as a set of facts in words that both databases share.

use std::collections::BTreeSet;

use chiso::store::Conn;

use super::database::{lines, tables};

/// The columns of a table, in order.
pub fn columns(conn: &mut Conn, table: &str) -> Vec<String> {
    let statement = match conn {
        Conn::Sqlite(_) => format!("SELECT name AS line FROM pragma_table_info('{table}') ORDER BY cid"),
        Conn::Postgres(_) => format!(
            "SELECT column_name::text AS line FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    lines(conn, &statement)
}

/// Every table, column, key and index.
pub fn describe(conn: &mut Conn) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for table in tables(conn) {
        let found = match conn {
            Conn::Sqlite(_) => sqlite(conn, &table),
            Conn::Postgres(_) => postgres(conn, &table),
        };
        facts.insert(format!("table {table}"));
        facts.extend(found.into_iter().map(|fact| format!("{table}: {fact}")));
    }
    facts
}

/// Types in words of both: SQLite has fewer, so those that it keeps alike are one.
fn type_word(declared: &str) -> &str {
    match declared {
        "BIGINT" | "INTEGER" | "BOOLEAN" => "whole number",
        "TEXT" | "DATE" => "text",
        "BLOB" | "BYTEA" => "bytes",
        other => other,
    }
}

fn sqlite(conn: &mut Conn, table: &str) -> Vec<String> {
    let columns = lines(
        conn,
        &format!(
            "SELECT cid || ' ' || name || ' ' || type || CASE \"notnull\" WHEN 1 THEN ' not null' ELSE '' END \
             || CASE WHEN pk > 0 THEN ' key ' || pk ELSE '' END AS line FROM pragma_table_info('{table}')"
        ),
    );
    let mut facts: Vec<String> = columns.iter().map(|line| column(line)).collect();
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'foreign key (' || group_concat(\"from\", ', ') || ') to ' || \"table\" || ' (' \
             || group_concat(\"to\", ', ') || ')' AS line \
             FROM (SELECT * FROM pragma_foreign_key_list('{table}') ORDER BY id, seq) GROUP BY id"
        ),
    ));
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'unique (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) \
             ORDER BY seqno)) || ')' AS line FROM pragma_index_list('{table}') l WHERE l.origin = 'u'"
        ),
    ));
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'index ' || l.name || CASE l.\"unique\" WHEN 1 THEN ' unique' ELSE '' END || ' (' \
             || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) \
             || ')' || CASE l.partial WHEN 1 THEN ' where' || lower(substr(m.sql, instr(upper(m.sql), ' WHERE ') + 6)) \
             ELSE '' END AS line \
             FROM pragma_index_list('{table}') l JOIN sqlite_master m ON m.name = l.name WHERE l.origin = 'c'"
        ),
    ));
    facts
}

fn postgres(conn: &mut Conn, table: &str) -> Vec<String> {
    let columns = lines(
        conn,
        &format!(
            "SELECT (row_number() OVER (ORDER BY a.attnum) - 1) || ' ' || a.attname || ' ' || upper(format_type(a.atttypid, a.atttypmod)) \
             || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END \
             || coalesce(' key ' || array_position(p.conkey, a.attnum)::text, '') AS line \
             FROM pg_attribute a LEFT JOIN pg_constraint p ON p.conrelid = a.attrelid AND p.contype = 'p' \
             WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped"
        ),
    );
    let mut facts: Vec<String> = columns.iter().map(|line| column(line)).collect();
    let names = |keys: &str, relation: &str| {
        format!(
            "(SELECT string_agg(a.attname::text, ', ' ORDER BY k.n) FROM unnest({keys}) WITH ORDINALITY AS k (num, n) \
             JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.num)"
        )
    };
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'foreign key (' || {} || ') to ' || confrelid::regclass::text || ' (' || {} || ')' AS line \
             FROM pg_constraint c WHERE conrelid = '{table}'::regclass AND contype = 'f'",
            names("c.conkey", "c.conrelid"),
            names("c.confkey", "c.confrelid")
        ),
    ));
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'unique (' || {} || ')' AS line FROM pg_constraint c \
             WHERE conrelid = '{table}'::regclass AND contype = 'u'",
            names("c.conkey", "c.conrelid")
        ),
    ));
    facts.extend(lines(
        conn,
        &format!(
            "SELECT 'index ' || r.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END || ' (' || {} || ')' \
             || coalesce(' where ' || lower(trim(both '()' from pg_get_expr(i.indpred, i.indrelid))), '') AS line \
             FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid WHERE i.indrelid = '{table}'::regclass \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))",
            names("i.indkey::int2[]", "i.indrelid")
        ),
    ));
    facts
}

/// `2 name TYPE not null key 1` with the type in a shared word.
fn column(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    words[2] = type_word(words[2]);
    format!("column {}", words.join(" "))
}
