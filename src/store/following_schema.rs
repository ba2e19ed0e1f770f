//! The tables behind the change log: its seals, and webhooks with what they are to be told.

// The macros make public items without documentation; the columns are explained in the migrations.
#![allow(missing_docs)]

diesel::table! {
    audit_seals (number) {
        number -> BigInt,
        last_tx -> BigInt,
        last_id -> BigInt,
        entries -> BigInt,
        marks -> Text,
        hash -> Text,
        newest_at -> BigInt,
        sealed_at -> BigInt,
        purged_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        url -> Text,
        owner_id -> Text,
        owner_name -> Text,
        owner_is_operator -> Bool,
        resources -> Text,
        actions -> Text,
        unit_id -> Nullable<Text>,
        secret -> Text,
        active -> Bool,
        stopped_because -> Nullable<Text>,
        created_at -> BigInt,
        cursor_tx -> BigInt,
        cursor_id -> BigInt,
        failed_in_row -> Integer,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        webhook_id -> Text,
        tx -> BigInt,
        change_id -> BigInt,
        resource -> Text,
        record_id -> Text,
        action -> Text,
        status -> Text,
        attempts -> Integer,
        created_at -> BigInt,
        next_at -> Nullable<BigInt>,
        attempted_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        response_status -> Nullable<Integer>,
        error -> Nullable<Text>,
    }
}
