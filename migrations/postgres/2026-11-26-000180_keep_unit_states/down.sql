DROP TABLE unit_states;
