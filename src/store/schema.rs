//! The tables as diesel knows them: one set for both databases, proved equal to them by a test.

// The macros make public items without documentation; the columns are explained in the migrations.
#![allow(missing_docs)]

pub use super::following_schema::{audit_seals, webhook_deliveries, webhooks};

diesel::table! {
    changes (id) {
        id -> BigInt,
        tx -> BigInt,
        at -> BigInt,
        actor -> Text,
        resource -> Text,
        record_id -> Text,
        action -> Text,
        reason -> Nullable<Text>,
        before -> Nullable<Text>,
        caller_id -> Nullable<Text>,
        source -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    units (id) {
        id -> Text,
        code -> Nullable<Text>,
        code_scheme -> Nullable<Text>,
        name -> Text,
        name_sort -> Text,
        level -> Text,
        parent_id -> Nullable<Text>,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        search -> Text,
        version -> BigInt,
        moved -> Bool,
        former_names -> Nullable<Text>,
    }
}

diesel::table! {
    unit_former_parents (unit_id, until) {
        unit_id -> Text,
        until -> Date,
        parent_id -> Nullable<Text>,
    }
}

diesel::table! {
    unit_successors (unit_id, successor_id) {
        unit_id -> Text,
        successor_id -> Text,
        position -> Integer,
        extent -> Text,
    }
}

diesel::table! {
    unit_states (ended_by, unit_id) {
        ended_by -> BigInt,
        unit_id -> Text,
        unit -> Nullable<Text>,
    }
}

diesel::table! {
    dossiers (code) {
        code -> Text,
        unit_id -> Text,
        received_by_unit_id -> Nullable<Text>,
        procedure_code -> Nullable<Text>,
        field -> Nullable<Text>,
        submitted_via -> Text,
        online_level -> Nullable<Text>,
        returned_via -> Nullable<Text>,
        interlinked -> Bool,
        synthetic -> Bool,
        submitted_at -> Nullable<BigInt>,
        accepted_at -> Nullable<BigInt>,
        first_due_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        re_appointed_to -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        returned_at -> Nullable<BigInt>,
        status -> Integer,
        received_on -> Nullable<Date>,
        due_on -> Nullable<Date>,
        closed_on -> Nullable<Date>,
        result -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
        due_derived -> Bool,
        due_calendar_id -> Nullable<Text>,
        due_calendar_version -> Nullable<Integer>,
        recorded_at -> Nullable<BigInt>,
        anomalous -> Bool,
        transferred -> Bool,
        history -> Nullable<Text>,
        waited -> Bool,
    }
}

diesel::table! {
    dossier_sums (unit_id, grain, starts_on) {
        unit_id -> Text,
        grain -> Integer,
        starts_on -> Date,
        totals -> Binary,
        cells -> Binary,
    }
}

diesel::table! {
    dossier_tail (id) {
        id -> BigInt,
        number -> Integer,
        facts -> Binary,
    }
}

diesel::table! {
    dossier_uncounted (id) {
        id -> BigInt,
    }
}

diesel::table! {
    indexes (code) {
        code -> Text,
        name -> Text,
        name_sort -> Text,
        name_en -> Nullable<Text>,
        description -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    editions (index_code, year) {
        index_code -> Text,
        year -> Integer,
        framework -> Text,
        unit_of_measure -> Text,
        decimals -> Integer,
        rank_decimals -> Nullable<Integer>,
        tie_rule -> Text,
        method -> Text,
        criteria -> Text,
        cohorts -> Text,
        bands -> Text,
        note -> Nullable<Text>,
        status -> Text,
        revision -> Nullable<Integer>,
        search -> Text,
        version -> BigInt,
        stages -> Text,
        rescale_without_survey -> Bool,
        overlapping_cohorts -> Bool,
        rescale_not_applicable -> Bool,
    }
}

diesel::table! {
    edition_revisions (index_code, year, revision) {
        index_code -> Text,
        year -> Integer,
        revision -> Integer,
        published_at -> BigInt,
        published_by -> Text,
        reason -> Nullable<Text>,
        scores -> BigInt,
        changed_scores -> Nullable<BigInt>,
        edition_changed -> Nullable<Bool>,
        edition -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    edition_revision_cohorts (index_code, year, revision, cohort) {
        index_code -> Text,
        year -> Integer,
        revision -> Integer,
        cohort -> Text,
        units -> Text,
    }
}

diesel::table! {
    edition_revision_scores (index_code, year, revision, unit_id, criterion, stage) {
        revision -> Integer,
        id -> Text,
        index_code -> Text,
        year -> Integer,
        unit_id -> Text,
        criterion -> Text,
        stage -> Text,
        score -> Nullable<Text>,
        score_sort -> Nullable<Text>,
        published_rank -> Nullable<Integer>,
        applicable -> Bool,
        source -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
        comment -> Nullable<Text>,
        explanation -> Nullable<Text>,
        evidence -> Text,
        computation -> Nullable<Text>,
    }
}

diesel::table! {
    edition_units (index_code, year, unit_id) {
        index_code -> Text,
        year -> Integer,
        unit_id -> Text,
    }
}

diesel::table! {
    index_scores (id) {
        id -> Text,
        index_code -> Text,
        year -> Integer,
        unit_id -> Text,
        criterion -> Text,
        stage -> Text,
        score -> Nullable<Text>,
        score_sort -> Nullable<Text>,
        published_rank -> Nullable<Integer>,
        applicable -> Bool,
        source -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
        comment -> Nullable<Text>,
        explanation -> Nullable<Text>,
        evidence -> Text,
        computation -> Nullable<Text>,
    }
}

diesel::table! {
    commendations (id) {
        id -> Text,
        decision_number -> Nullable<Text>,
        decided_on -> Nullable<Date>,
        number_key -> Nullable<Text>,
        issuer_unit_id -> Text,
        form -> Text,
        ground -> Text,
        achievement_year -> Integer,
        annulled_at -> Nullable<BigInt>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    commendation_recipients (commendation_id, position) {
        commendation_id -> Text,
        position -> Integer,
        kind -> Text,
        name -> Nullable<Text>,
        identity -> Nullable<Text>,
        unit_id -> Nullable<Text>,
        count -> Integer,
    }
}

diesel::table! {
    reported_figures (id) {
        id -> Text,
        unit_id -> Text,
        measure -> Text,
        period -> Text,
        base_period -> Nullable<Text>,
        value -> Text,
        unit_of_measure -> Text,
        unit_is_assumed -> Bool,
        review_year -> Nullable<Integer>,
        source_title -> Text,
        source_url -> Nullable<Text>,
        source_published_on -> Nullable<Date>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    improvement_actions (id) {
        id -> Text,
        kind -> Text,
        title -> Text,
        owner_unit_id -> Text,
        review_unit_id -> Nullable<Text>,
        review_year -> Nullable<Integer>,
        index_code -> Nullable<Text>,
        criterion -> Nullable<Text>,
        due_on -> Nullable<Date>,
        status -> Text,
        note -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    calendars (id) {
        id -> Text,
        unit_id -> Nullable<Text>,
        name -> Text,
        name_sort -> Text,
        revision -> Integer,
        hours -> Text,
        days -> Text,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    calendar_versions (calendar_id, revision) {
        calendar_id -> Text,
        revision -> Integer,
        unit_id -> Nullable<Text>,
        name -> Text,
        hours -> Text,
        days -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    procedures (code) {
        code -> Text,
        name -> Text,
        name_sort -> Text,
        field -> Nullable<Text>,
        level -> Nullable<Text>,
        term_amount -> Nullable<Integer>,
        term_unit -> Nullable<Text>,
        cut_off -> Nullable<Text>,
        term_text -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    clock_rules (id) {
        id -> Text,
        unit_id -> Nullable<Text>,
        valid_from -> Nullable<Date>,
        supplement -> Text,
        financial_duty -> Text,
        withdrawn_counts_as -> Text,
        source -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(commendations, commendation_recipients);

diesel::table! {
    form_reports (id) {
        id -> Text,
        unit_id -> Text,
        period -> Text,
        calendar -> Text,
        revision -> Integer,
        frozen_at -> BigInt,
        frozen_by -> Text,
        reason -> Nullable<Text>,
        differences -> Text,
        document -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    returns (id) {
        id -> Text,
        unit_id -> Text,
        period -> Text,
        calendar -> Text,
        rows -> Text,
        source_title -> Text,
        source_url -> Nullable<Text>,
        source_published_on -> Nullable<Date>,
        note -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    imports (id) {
        id -> Text,
        mode -> Text,
        format -> Text,
        source -> Nullable<Text>,
        actor -> Text,
        status -> Text,
        started_at -> BigInt,
        beat_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        rows_read -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        unchanged -> BigInt,
        rejected -> BigInt,
        undone -> BigInt,
        dropped_columns -> Text,
        failure_code -> Nullable<Text>,
        failure_en -> Nullable<Text>,
        failure_vi -> Nullable<Text>,
        search -> Text,
        version -> BigInt,
        caller_id -> Nullable<Text>,
    }
}

diesel::table! {
    import_rows (id) {
        id -> Text,
        import_id -> Text,
        row_number -> BigInt,
        column_name -> Nullable<Text>,
        value -> Nullable<Text>,
        code -> Text,
        detail_en -> Text,
        detail_vi -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        scopes -> Text,
        unit_id -> Nullable<Text>,
        partial_predecessors -> Text,
        created_at -> BigInt,
        created_by -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        search -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    api_key_secrets (hash) {
        hash -> Text,
        key_id -> Text,
        position -> Integer,
        hint -> Text,
        created_at -> BigInt,
        ends_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    unit_tree (id) {
        id -> Integer,
        version -> BigInt,
    }
}

diesel::table! {
    idempotency_claims (id) {
        id -> Text,
        owner -> Text,
        request -> Text,
        body -> Nullable<Text>,
        state -> Text,
        claimed_at -> BigInt,
        lease_until -> BigInt,
        record -> Nullable<Text>,
        answer_status -> Nullable<Integer>,
        answer_headers -> Nullable<Text>,
        answer_body -> Nullable<Text>,
    }
}
