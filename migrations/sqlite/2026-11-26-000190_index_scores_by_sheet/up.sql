-- All that a ranking takes of the scores of an edition at one stage, in the order in which it is taken: a whole country's
-- are read without a look into the table for each.
CREATE INDEX index_scores_by_sheet ON index_scores
    (index_code, year, stage, unit_id, criterion, score, published_rank, applicable);
