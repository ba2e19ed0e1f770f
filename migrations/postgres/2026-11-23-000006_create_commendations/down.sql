DROP TABLE commendation_recipients;
DROP TABLE commendations;
