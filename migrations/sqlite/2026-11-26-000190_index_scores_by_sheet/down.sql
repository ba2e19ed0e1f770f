DROP INDEX index_scores_by_sheet;
