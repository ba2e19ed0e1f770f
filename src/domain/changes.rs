//! The words of the change log.

use super::words::words;

words! {
    /// What a change did to its record.
    pub enum Action {
        /// Made it.
        Create = "create",
        /// Changed it.
        Update = "update",
        /// Took it away.
        Delete = "delete",
    }
}

words! {
    /// A kind of record in the change log.
    pub enum ChangedResource {
        /// Units.
        Units = "units",
        /// Dossiers.
        Dossiers = "dossiers",
        /// Indexes.
        Indexes = "indexes",
        /// Editions; the id is `pci/2016`.
        Editions = "editions",
        /// Index scores.
        IndexScores = "index-scores",
        /// Commendations.
        Commendations = "commendations",
        /// Reported figures.
        ReportedFigures = "reported-figures",
        /// Improvement actions.
        ImprovementActions = "improvement-actions",
        /// Calendars.
        Calendars = "calendars",
        /// Procedures.
        Procedures = "procedures",
        /// Frozen reports; the id is `gso-874/2020/statutory/1`.
        FormReports = "form-reports",
        /// Returns of units that send totals only.
        Returns = "returns",
        /// Clock rules.
        ClockRules = "clock-rules",
        /// Keys; told to administrators alone.
        ApiKeys = "api-keys",
        /// Webhooks; told to administrators alone.
        Webhooks = "webhooks",
    }
}
