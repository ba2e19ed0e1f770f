DROP TABLE improvement_actions;
