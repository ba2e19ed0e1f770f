DROP TABLE clock_rules;
