DROP TABLE index_scores;
